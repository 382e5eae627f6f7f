package outbound

import "testing"

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"https://t.example/pb?cid=abc&payout=1":                           "https://t.example/pb?cid=abc&payout=1",
		"https://t.example/pb?cid=abc&token=s3cr%65t-token&x=1":           "https://t.example/pb?cid=abc&token=•••&x=1",
		"https://t.example/pb?api_key=0123456789&security_token=&Key=abc": "https://t.example/pb?api_key=•••&security_token=&Key=•••",
		"https://user:passw0rd@t.example/pb":                              "https://•••@t.example/pb",
		"https://keitaro.example/a1b2c3d/postback?subid=1":                "https://keitaro.example/•••/postback?subid=1",
		"https://t.example/postback?keyword=a%26key=1":                    "https://t.example/postback?keyword=a%26key=1",
		"not a url":                              "not a url",
		"https://t.example?access_token=abcdefg": "https://t.example?access_token=•••",
		"https://t.example/?%74oken=abcdefg&authorization=Bearer%20abc&a": "https://t.example/?%74oken=•••&authorization=•••&a",
	} {
		if got := MaskURL(in); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
	for _, c := range []struct{ kind, in, want string }{
		{"form", "cid=1&token=abc", "cid=1&token=•••"},
		{"json", `{"cid":"1","token": "a\"bc","nested":{"api_key":5,"n":1}}`, `{"cid":"1","token": "•••","nested":{"api_key":"•••","n":1}}`},
		{"json", `{"token":{"a":1},"key":""}`, `{"token":{"a":1},"key":""}`},
		{"", "", ""},
	} {
		if got := MaskBody(c.kind, c.in); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
	d := &Delivery{URL: "https://t.example/?token=s3cr%65t-token&cid=abcdef", BodyKind: "form", Body: "password=hunter2", Answer: "s3cret-token and s3cr%65t-token of abcdef are unknown to hunter2"}
	m := d.masked()
	if m.Answer != "••• and ••• of abcdef are unknown to •••" || d.Body != "password=hunter2" || m.Body != "password=•••" {
		t.Errorf("%+v", m)
	}
	tries := d.maskedTries([]*Try{{Answer: d.Answer, Error: "hunter2", Headers: "A: s3cret-token"}})
	if tries[0].Answer != m.Answer || tries[0].Error != "•••" || tries[0].Headers != "A: •••" {
		t.Errorf("%+v", tries[0])
	}
}
