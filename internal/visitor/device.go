package visitor

// agent is what follows from the user agent and the client hints alone.
type agent struct {
	device, brand, model, os, osVersion, browser, browserVersion, bot string
}

// classifyAgent applies, in this order: client hints, our own device rules,
// go-useragent for what those leave open.
func (c *Classifier) classifyAgent(k agentKey) agent {
	t := c.tokens.scan(k.ua)
	hintOS := platforms[k.platform]
	var a agent

	a.device = deviceOf(t.set, k.mobile, hintOS)
	a.os, a.osVersion = systemOf(k.ua, t.set)
	if hintOS != "" && !t.set.hasAny(specialSystems...) {
		if a.os != hintOS {
			a.osVersion = "" // the version is of another system
		}
		a.os = hintOS
	}

	a.brand, a.model = makerOf(k, t.set, a.os)

	hints, ok := brandList{}, false
	if k.brands != "" {
		hints, ok = parseBrands(k.brands)
	}
	switch {
	case t.browser >= 0 && browserNames[t.browser].app:
		// A browser inside an app: the hints only know what it is built from.
		a.browser, a.browserVersion = browserNames[t.browser].name, versionAt(k.ua, t.end)
	case ok && hints.browser != "":
		a.browser, a.browserVersion = hints.browser, hints.version
	case t.browser >= 0:
		a.browser, a.browserVersion = browserNames[t.browser].name, versionAt(k.ua, t.end)
	case k.ua != "":
		parsed := c.agents.Parse(k.ua)
		a.browser, a.browserVersion = string(parsed.Browser()), shortVersion(parsed.BrowserVersion())
		switch a.browser {
		case "IE":
			a.browserVersion = ieVersion(k.ua, a.browserVersion)
		case "":
			a.browser, a.browserVersion = plainBrowser(k.ua)
		}
		if a.os == "" {
			a.os = canonicalOS(string(parsed.OS()))
		}
	}

	a.bot = c.bots.reason(k.ua)
	if ok && hints.headless && a.bot == "" {
		a.bot = BotHeadless
	}
	return a
}

// deviceOf is the class of the device. Client hints decide between phone,
// tablet and desktop; they have no word for televisions, consoles and the
// like, which therefore go by the user agent first.
//
// "Android without Mobile is a tablet" is a convention of browsers. Apps that
// ask by themselves (Dalvik, Instagram's own client) do not follow it, so
// there it takes a tablet's model name.
func deviceOf(t tokenSet, mobile byte, platform string) string {
	switch {
	case t.hasAny(tokPlayStation, tokNintendo, tokXbox, tokConsole):
		return DeviceConsole
	case t.hasAny(tokHeadset, tokCar, tokWatch):
		return DeviceOther
	case t.hasAny(tokTV, tokAppleTV, tokWebOS, tokRoku, tokFireTV):
		return DeviceTV
	case t.has(tokTizen) && !t.has(tokMobile):
		return DeviceTV
	}
	switch {
	case mobile == '1':
		return DevicePhone
	case mobile == '0' && platform == "Android":
		return DeviceTablet
	case mobile == '0' && platform != "" && platform != "iOS":
		return DeviceDesktop
	}
	switch {
	case t.has(tokWindowsPhone), t.has(tokKaiOS):
		return DevicePhone
	case t.hasAny(tokIPad, tokKindle):
		return DeviceTablet
	case t.hasAny(tokIPhone, tokIPod):
		return DevicePhone
	case t.has(tokTablet) && !t.has(tokWindows):
		return DeviceTablet
	case t.hasAny(tokAndroid, tokHarmony):
		switch {
		case t.has(tokMobile), t.has(tokOperaMini):
			return DevicePhone
		case t.hasAny(tokMozilla, tokTabletModel):
			return DeviceTablet
		}
		return DevicePhone
	case t.hasAny(tokFeaturePhone, tokOperaMini):
		return DevicePhone
	case t.has(tokMobile):
		return DevicePhone
	case t.hasAny(tokWindows, tokMac, tokCrOS, tokLinux, tokBSD):
		return DeviceDesktop
	}
	return ""
}
