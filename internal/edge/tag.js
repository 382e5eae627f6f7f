// Its promises are in tag.go.
((win, doc) => {
'use strict';
const script = doc.currentScript || doc.querySelector('[src*="/tag.js"]');
if (!script || !script.src) return;
const data = script.dataset, name = /^\w+$/.test(data.name || '') ? data.name : 'clickledger';
const known = 'key goal amount payout currency order txid click_id coupon status click_from'.split(' ');

const old = win[name];
const stub = win[name] = old && old.call ? old : function () { (stub.q = stub.q || []).push(arguments); };
if (data.auto === 'conversion') stub('conversion', known.reduce((o, k) => { o[k] = data[k]; return o; }, {}));
if (stub.on) return;
stub.on = true;

const endpoint = new URL('event', script.src).href;
const days = data.days > 0 ? Math.min(data.days, 400) : 30;
const memory = {}, once = {}, tries = {}, waiting = {};
let debug, full, busy, current, timer;
const log = (...a) => { if (debug) console.log(name, ...a); };

// Lists, in memory where the browser refuses storage.
const load = k => {
  let v;
  try { v = JSON.parse(localStorage.getItem(name + k)); } catch (e) { log(e); }
  return !full && Array.isArray(v) ? v : memory[k] || [];
};
const save = (k, v) => {
  memory[k] = v;
  try { localStorage.setItem(name + k, JSON.stringify(v)); } catch (e) { full = true; }
};

// The click id: of this key, or the last of any.
const find = (text, before, end) => (new RegExp(before + '=([0-9a-f]{32})(?![^' + end + '])').exec(text) || [])[1];
const cookie = k => { try { return find(doc.cookie, '(?:^|; )' + name + k, ';'); } catch (e) { log(e); } };
const fromURL = () => [data.param, 'click_id', 'cf_click_id', 'clickid', 'cid', 'refid'].reduce(
  (id, p) => id || p && find(location.href, '[?&#]' + p.replace(/\W/g, '\\$&'), '&#'), '');
const slot = key => '_click' + (key ? '_' + String(key).replace(/\W/g, '') : '');
const kept = k => [cookie(k), 'cookie', load(k)[1] > Date.now() && load(k)[0], 'storage'];
const first = 'first' in data;
const found = key => { // the click id, and where it was
  const url = [fromURL(), 'url'], old = kept(slot(key)).concat(kept(slot()));
  const all = first ? old.concat(url) : url.concat(old), i = all.findIndex((id, n) => id && n % 2 < 1);
  return i < 0 ? ['', ''] : [all[i], all[i + 1]];
};
const keep = (id, k) => {
  save(k, [id, Date.now() + days * 864e5]);
  const host = location.hostname.split('.');
  try { // the widest domain the browser takes, else this host
    for (let i = host.length; --i >= -1 && cookie(k) !== id;) {
      doc.cookie = name + k + '=' + id + ';path=/;max-age=' + days * 86400 + ';SameSite=Lax' +
        (/^https/.test(location) ? ';Secure' : '') + (i < 0 ? '' : ';domain=' + host.slice(i).join('.'));
    }
  } catch (e) { log(e); }
};

// Of {i: time made, also its name; t: time to send; b: form}.
const form = e => new URLSearchParams(e.b);
const queue = () => load('_queue').filter(e => e && e.b && Date.now() - e.i < 864e5);
const delay = (i, ms) => save('_queue', queue().map(e => { if (e.i === i) e.t = Date.now() + ms; return e; }));
const settle = (i, result) => {
  if (waiting[i]) waiting[i](result);
  delete waiting[i];
};
const send = async e => {
  const n = tries[e.i] = (tries[e.i] || 0) + 1;
  let s = 0, answer;
  delay(current = e.i, 3e4);
  try {
    const A = win.AbortSignal || 0, signal = A.timeout && A.timeout(2e4);
    const r = await fetch(endpoint, { method: 'POST', body: form(e), keepalive: true, credentials: 'include', signal });
    s = r.status;
    answer = r.ok && await r.json();
  } catch (x) { log(x); }
  current = 0;
  log('try', n, s);
  if (answer && answer.id || s > 399 && s < 500 && s !== 408 && s !== 429) {
    save('_queue', queue().filter(x => x.i !== e.i));
    settle(e.i, answer || { status: 'refused' });
  } else {
    delay(e.i, n < 8 ? Math.min(6e4, 500 * 2 ** n) * (1 + Math.random()) / 2 : 0);
    if (n > 7) settle(e.i, { status: 'unsent' });
  }
};
const flush = async () => {
  if (busy) return;
  busy = true;
  clearTimeout(timer);
  for (;;) {
    const e = queue().filter(e => !(tries[e.i] > 7)).sort((a, b) => a.t - b.t)[0], wait = e && e.t - Date.now();
    if (!e || wait > 0 && wait < 6e4) {
      if (e) timer = setTimeout(flush, wait);
      busy = false;
      return;
    }
    await send(e);
  }
};

const conversion = o => {
  const v = Object.assign({ key: data.key }, o), body = new URLSearchParams();
  if (!v.key) return { status: 'missing_key' };
  if (v.order) v.txid = v.order;
  v.order = '';
  v.click_from = '';
  if (!/^[0-9a-f]{32}$/.test(v.click_id)) [v.click_id, v.click_from] = found(v.key);
  let own = 0;
  new Set(known.concat(Object.keys(v))).forEach(k => {
    let x = v[k];
    if (x === '' || !/^(string|number|boolean)$/.test(typeof x)) return;
    if (/^(amount|payout)$/.test(k) && x.toFixed) x = +x.toFixed(4);
    body.set(k, x);
    if (known.includes(k) || /^[a-z0-9_]{1,40}$/.test(k) && k !== 'token' && new Blob([x]).size < 513 && String(body).length < 8e3 && own++ < 20) return;
    body.delete(k);
    log('left out', k);
  });
  const ref = body.get('txid') || v.click_id, sent = load('_sent');
  const id = [v.key, v.goal || '', ref].join(' ').slice(0, 300);
  if (once[id] || ref && sent.includes(id)) return { status: 'duplicate' };
  once[id] = 1;
  if (ref) save('_sent', sent.concat(id).slice(-50));
  const i = Date.now() + Math.random();
  save('_queue', queue().concat({ i, t: 0, b: String(body) }).slice(-20));
  return new Promise(done => { waiting[i] = done; flush(); });
};

const api = async (command, options, callback) => {
  let result = { status: 'error' };
  const then = callback || options;
  try {
    if (command === 'debug') result = debug = true;
    if (command === 'click_id') result = found(data.key)[0];
    if (command === 'conversion') result = await conversion(options);
    log(command, options, result);
    if (typeof then === 'function') then(result);
  } catch (e) { log(e); }
  return result;
};
const start = () => {
  const id = fromURL(), calls = win[name].q || [];
  if (id) new Set([slot(data.key), slot()]).forEach(k => first && (k = kept(k), k[0] || k[2]) || keep(id, k));
  win[name] = api;
  api.on = true;
  calls.forEach(a => api(...a));
  flush();
};
win.addEventListener('pagehide', () => queue().forEach(e => {
  if (waiting[e.i] && e.i !== current && navigator.sendBeacon) navigator.sendBeacon(endpoint, form(e));
}));
if (doc.prerendering) doc.addEventListener('prerenderingchange', start, { once: true });
else start();
})(window, document);
