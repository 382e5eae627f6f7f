package catalog

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// shared are hosts where anybody has an address, a page or a profile: that two parties are
// both there says nothing about them. Suffixes under which anybody may have a host of
// their own are known from the public suffix list.
var shared = []string{
	"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "ymail.com", "aol.com", "icloud.com",
	"me.com", "mac.com", "proton.me", "protonmail.com", "pm.me", "tutanota.com", "tuta.com", "fastmail.com", "zoho.com", "hey.com", "mail.com", "email.com",
	"gmx.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de", "mailbox.org", "posteo.de", "bluewin.ch",
	"orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr", "libero.it", "virgilio.it", "tiscali.it", "telenet.be", "skynet.be", "ziggo.nl", "kpnmail.nl",
	"mail.ru", "inbox.ru", "list.ru", "bk.ru", "yandex.ru", "yandex.com", "ya.ru", "rambler.ru", "ukr.net", "i.ua", "seznam.cz", "centrum.cz", "wp.pl", "o2.pl", "onet.pl", "interia.pl",
	"qq.com", "163.com", "126.com", "sina.com", "foxmail.com", "naver.com", "daum.net", "hanmail.net", "rediffmail.com", "uol.com.br", "bol.com.br", "terra.com.br",
	"comcast.net", "verizon.net", "att.net", "sbcglobal.net", "bellsouth.net", "cox.net", "charter.net", "btinternet.com", "sky.com", "virginmedia.com", "ntlworld.com", "rogers.com", "bigpond.com",
	"facebook.com", "instagram.com", "threads.net", "tiktok.com", "youtube.com", "youtu.be", "x.com", "twitter.com", "t.me", "telegram.me", "linkedin.com", "pinterest.com", "reddit.com",
	"vk.com", "twitch.tv", "discord.gg", "discord.com", "medium.com", "substack.com", "linktr.ee", "patreon.com", "tumblr.com",
	"google.com", "apple.com", "amazon.com", "ebay.com", "etsy.com", "wordpress.com", "bit.ly",
}

// providers are mail services that have a host in many countries, as in yahoo.co.uk.
var providers = []string{"yahoo", "hotmail", "live", "outlook", "gmx", "yandex", "amazon", "ebay", "google", "pinterest"}

// ownHost is a host without www when it is somebody's own, "" when it says nothing.
func ownHost(host string) string {
	host = strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(host), "."), "www.")
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	site, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return "" // a suffix itself, such as github.io, or no host at all
	}
	name, _, _ := strings.Cut(site, ".")
	if slices.Contains(shared, site) || slices.Contains(providers, name) {
		return ""
	}
	return host
}

// urlHost is the own host of a URL, "" where it has none.
func urlHost(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return ownHost(u.Hostname())
}

// mailHost is the own host of an e-mail address, "" where it has none.
func mailHost(address string) string {
	_, host, _ := strings.Cut(address, "@")
	return ownHost(host)
}

// sameHost reports whether one of the hosts is the other, or belongs to it.
func sameHost(a, b string) bool {
	return a != "" && b != "" && (a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a))
}

// selfReferral reports whether the publisher is the offer's advertiser: an address of the
// one is the other's, or its site or its address is at the shop's own host. A network's
// offers lead to hosts that are not its own, and it has no shop: there only addresses count.
func (d *dossier) selfReferral() bool {
	if d.advertiser == nil {
		return false
	}
	mails := append([]string{d.publisher.Email}, d.people...)
	contact := strings.ToLower(strings.TrimSpace(d.advertiser.ContactEmail))
	if contact != "" && slices.ContainsFunc(mails, func(m string) bool { return strings.EqualFold(m, contact) }) {
		return true
	}
	if d.advertiser.Type != TypeMerchant {
		return false
	}
	theirs := []string{urlHost(d.publisher.Website)}
	for _, m := range mails {
		theirs = append(theirs, mailHost(m))
	}
	shops := []string{mailHost(contact)}
	for _, address := range []string{d.offer.URL, d.offer.StaticURL, d.offer.PreviewURL, d.advertiser.Website} {
		shops = append(shops, urlHost(address))
	}
	return slices.ContainsFunc(theirs, func(h string) bool {
		return slices.ContainsFunc(shops, func(shop string) bool { return sameHost(h, shop) })
	})
}

// addresses are those of the publisher's own people.
func (s *Service) addresses(ctx context.Context, a Applicant) ([]string, error) {
	if s.people == nil {
		return nil, nil
	}
	out, err := s.people(ctx, a.Workspace, KindPublisher, a.Publisher)
	if err != nil {
		return nil, fmt.Errorf("look up the people of publisher %s: %w", a.Publisher, err)
	}
	return out, nil
}
