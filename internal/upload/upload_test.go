package upload

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"clickledger/internal/conversion"
	"clickledger/internal/event"

	"github.com/google/go-cmp/cmp"
)

const (
	c1 = "0199b0a3c4d5e6f708192a3b4c5d6e7f"
	c2 = "0199b0a3c4d5e6f708192a3b4c5d6e80"
)

func TestRead(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, file string
		want       []Row
		ignored    []string
	}{
		{"a header with the usual names", "Click ID,Revenue,Order Number,et,Timestamp\n" + c1 + ",12.50,A-1,lead,1762178700\n",
			[]Row{{Line: 2, Entry: conversion.Entry{ClickID: c1, Payout: "12.50", TxID: "A-1", Goal: "lead", EventTime: "1762178700"}}}, nil},
		{"semicolons, BOM, CRLF, quotes", "\ufeffcid;\"amount\";currency;status\r\n" + c1 + ";\"125.00\";USD;approved\r\n",
			[]Row{{Line: 2, Entry: conversion.Entry{ClickID: c1, Amount: "125.00", Currency: "USD", Status: "approved"}}}, nil},
		{"tabs without a header", c1 + "\t3\tA-1\tsale\t2026-11-03T14:05:00Z\n" + c2 + "\t4\n",
			[]Row{{Line: 1, Entry: conversion.Entry{ClickID: c1, Payout: "3", TxID: "A-1", Goal: "sale", EventTime: "2026-11-03T14:05:00Z"}}, {Line: 2, Entry: conversion.Entry{ClickID: c2, Payout: "4"}}}, nil},
		{"one column", c1 + "\n" + c2, []Row{{Line: 1, Entry: conversion.Entry{ClickID: c1}}, {Line: 2, Entry: conversion.Entry{ClickID: c2}}}, nil},
		{"columns in any order, some unknown", "geo,note,offer,coupon,sub_id\nDE,hello,off_1,SPRING," + c1 + "\n",
			[]Row{{Line: 2, Entry: conversion.Entry{ClickID: c1, Geo: "DE", Offer: "off_1", Coupon: "SPRING"}}}, []string{"note"}},
		{"orders of coupons", "coupon,order,amount\nSPRING,A-1,50\n",
			[]Row{{Line: 2, Entry: conversion.Entry{Coupon: "SPRING", TxID: "A-1", Amount: "50"}}}, nil},
		{"blank lines keep the numbers", "click_id,txid\n\n" + c1 + ",\"A\"\n,,\n\n" + c2 + ",B\n",
			[]Row{{Line: 3, Entry: conversion.Entry{ClickID: c1, TxID: "A"}}, {Line: 6, Entry: conversion.Entry{ClickID: c2, TxID: "B"}}}, nil},
		{"the same twice", "click_id,txid\n" + c1 + ",A\n" + c1 + ", A \n" + c1 + ",B\n",
			[]Row{{Line: 2, Entry: conversion.Entry{ClickID: c1, TxID: "A"}}, {Line: 3, Entry: conversion.Entry{ClickID: c1, TxID: "A"}, Same: 2}, {Line: 4, Entry: conversion.Entry{ClickID: c1, TxID: "B"}}}, nil},
		{"a local time is the zone's", "click_id,date\n" + c1 + ",2026-07-03 14:05:00\n", []Row{{Line: 2, Entry: conversion.Entry{ClickID: c1, EventTime: "2026-07-03T14:05:00+02:00"}}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Read([]byte(tt.file), berlin)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tt.want, s.Rows); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.ignored, s.Ignored); d != "" {
				t.Errorf("ignored columns (-want +got):\n%s", d)
			}
		})
	}
}

func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		name, file, field string
		verdict           event.Verdict
		says              string
	}{
		{"decimal comma", "click_id;payout\n" + c1 + ";12,50\n", "payout", event.InvalidAmount, "comma"},
		{"thousands", "click_id;amount\n" + c1 + ";1,250.00\n", "amount", event.InvalidAmount, "comma"},
		{"German thousands", "click_id;amount\n" + c1 + ";1.250,00\n", "amount", event.InvalidAmount, "comma"},
		{"split by its comma", "click_id,payout\n" + c1 + ",12,50\n", "", event.MalformedBody, "3 cells"},
		{"a number of a spreadsheet", "click_id,payout\n1.99E+31,12\n", "click_id", event.UnknownClick, "spreadsheet"},
		{"no click id", "click_id,payout\n,12\n", "click_id", event.MissingClick, "no click id"},
		{"long cell", "click_id,txid\n" + c1 + "," + strings.Repeat("x", MaxCell+1) + "\n", "txid", event.InvalidValue, "512"},
		{"line break in a cell", "click_id,txid\n" + c1 + ",\"A\nB\"\n", "txid", event.InvalidValue, "line break"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Read([]byte(tt.file), nil)
			if err != nil {
				t.Fatal(err)
			}
			p := s.Rows[0].Problem
			if p == nil || p.Field != tt.field || p.Verdict != tt.verdict || !strings.Contains(p.Msg, tt.says) {
				t.Errorf("problem %+v, want %s of %q with %q", p, tt.verdict, tt.field, tt.says)
			}
		})
	}
}

func TestFileErrors(t *testing.T) {
	many := "click_id\n" + strings.Repeat(c1+"\n", MaxRows+1)
	for _, tt := range []struct {
		name, file, code string
		line             int
	}{
		{"nothing", "", CodeEmpty, 0},
		{"a header only", "click_id,payout\n", CodeEmpty, 0},
		{"UTF-16", "\xff\xfec\x00", CodeEncoding, 0},
		{"Latin-1", "click_id,txid\n" + c1 + ",M\xfcller\n", CodeEncoding, 2},
		{"an open quote", "click_id,txid\n" + c1 + ",\"A\n", CodeQuotes, 2},
		{"no click id", "payout,txid\n1,2\n", CodeNoClickID, 1},
		{"a column twice", "click_id,order,txid\n" + c1 + ",1,2\n", CodeTwice, 1},
		{"too many rows", many, CodeTooMany, MaxRows + 2},
		{"too large", strings.Repeat("x", MaxBytes+1), CodeTooLarge, 0},
		{"too many columns", "click_id" + strings.Repeat(",x", MaxColumns) + "\n", CodeColumns, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Read([]byte(tt.file), nil)
			var f *FileError
			if !errors.As(err, &f) || f.Code != tt.code || f.Line != tt.line {
				t.Errorf("error %v, want %s at line %d", err, tt.code, tt.line)
			}
		})
	}
}

func TestExampleIsReadable(t *testing.T) {
	s, err := Read(Example(), nil)
	if err != nil || len(s.Rows) != 2 || s.Rows[0].Problem != nil || !s.Header || len(s.Ignored) > 0 {
		t.Errorf("example: %+v, %v", s, err)
	}
}

// FuzzRead: whatever the bytes, rows are bounded, in order, with a problem or values that
// a postback could bring, and a duplicate names an earlier row.
func FuzzRead(f *testing.F) {
	f.Add([]byte("click_id,payout\n" + c1 + ",1\n"))
	f.Add([]byte("\ufeffcid;revenue;et\r\n" + c1 + ";\"1,5\";x\r\n\r\n;;\r\n"))
	f.Add([]byte(c1 + "\t1\t2\t3\t4\t5"))
	f.Add([]byte("\"\n\",,;\t"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Read(data, nil)
		var bad *FileError
		if err != nil {
			if !errors.As(err, &bad) || bad.Code == "" || bad.Msg == "" {
				t.Fatalf("error %v is not a complete FileError", err)
			}
			return
		}
		last := 0
		lines := map[int]conversion.Entry{}
		for _, r := range s.Rows {
			if r.Line <= last {
				t.Fatalf("line %d after %d", r.Line, last)
			}
			last = r.Line
			for _, f := range fields {
				if v := *f.of(&r.Entry); len(v) > MaxCell || v != strings.TrimSpace(v) {
					t.Fatalf("line %d: %s is %q", r.Line, f.name, v)
				}
			}
			if r.Problem == nil && r.Entry.ClickID == "" {
				t.Fatalf("line %d has no click id and no problem", r.Line)
			}
			if r.Same != 0 && lines[r.Same] != r.Entry {
				t.Fatalf("line %d is not the same as %d", r.Line, r.Same)
			}
			lines[r.Line] = r.Entry
		}
		if len(s.Rows) == 0 || len(s.Rows) > MaxRows {
			t.Fatal(fmt.Sprint(len(s.Rows), " rows"))
		}
	})
}

// A refund in a file is judged as a postback's: with its id.
func TestReadRefund(t *testing.T) {
	s, err := Read([]byte("click_id,txid,status,amount,refund id\n"+c1+",A-1,refunded,20.00,R-1\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := conversion.Entry{ClickID: c1, TxID: "A-1", Status: "refunded", Amount: "20.00", RefundID: "R-1"}
	if d := cmp.Diff(want, s.Rows[0].Entry); d != "" {
		t.Errorf("entry (-want +got):\n%s", d)
	}
	if p := s.Rows[0].Problem; p != nil {
		t.Errorf("problem %+v", *p)
	}
}
