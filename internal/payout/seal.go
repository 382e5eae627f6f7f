package payout

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"fmt"
)

// sealed details are a byte that names the key, the nonce, and AES-256-GCM of the JSON.
// Workspace and publisher are authenticated with it: a row copied to another publisher
// does not open.
func boundTo(workspace, publisher string) []byte {
	return []byte("payout method\x00" + workspace + "\x00" + publisher)
}

func gcm(k Key) (cipher.AEAD, error) {
	b, err := aes.NewCipher(k.Secret[:])
	if err != nil {
		return nil, fmt.Errorf("payout: key %d: %w", k.ID, err)
	}
	return cipher.NewGCM(b)
}

// keys are those of the installation; the first call of all makes one.
func (s *Service) keys(ctx context.Context) ([]Key, error) {
	keys, err := s.Store.Keys(ctx)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	k := Key{ID: 1}
	rand.Read(k.Secret[:]) // never fails: it ends the process instead
	err = s.Store.FirstKey(ctx, k)
	if err != nil {
		return nil, fmt.Errorf("store a key: %w", err)
	}
	return s.Store.Keys(ctx) // another process may have been first
}

func (s *Service) seal(ctx context.Context, workspace, publisher string, d *Details) ([]byte, error) {
	keys, err := s.keys(ctx)
	if err != nil {
		return nil, err
	}
	k := keys[len(keys)-1]
	aead, err := gcm(k)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("payout: details: %w", err)
	}
	out := make([]byte, 1+aead.NonceSize())
	out[0] = byte(k.ID)
	rand.Read(out[1:])
	return aead.Seal(out, out[1:], text, boundTo(workspace, publisher)), nil
}

func open(keys []Key, workspace, publisher string, sealed []byte) (*Details, error) {
	lost := refuse(CodeSealed, "The payout details of publisher %s cannot be read: they were sealed with a key that this installation does not have, or were changed. They must be entered again.", publisher)
	for _, k := range keys {
		if len(sealed) == 0 || sealed[0] != byte(k.ID) {
			continue
		}
		aead, err := gcm(k)
		if err != nil {
			return nil, err
		}
		n := 1 + aead.NonceSize()
		if len(sealed) < n {
			return nil, lost
		}
		text, err := aead.Open(nil, sealed[1:n], sealed[n:], boundTo(workspace, publisher))
		if err != nil {
			return nil, lost
		}
		d := new(Details)
		err = json.Unmarshal(text, d)
		if err != nil {
			return nil, lost
		}
		return d, nil
	}
	return nil, lost
}
