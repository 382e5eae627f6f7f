package store

import (
	"context"
	"errors"
	"fmt"

	"clickledger/internal/catalog"
	"clickledger/internal/store/q"
)

// PutImage keeps an image; see catalog.Store.
func (c catalogStore) PutImage(ctx context.Context, img *catalog.Image, strayBefore int64) error {
	return c.db.write(ctx, "catalog.put_image", func(ctx context.Context, s *session) error {
		qs := q.New(s)
		err := qs.PutImage(ctx, q.PutImageParams{
			Workspace: img.Workspace, Hash: img.Hash, Type: img.Type, Width: img.Width, Height: img.Height,
			Size: img.Size, Created: img.Created, Data: bytesOf(img.Data),
		})
		if err != nil {
			return fmt.Errorf("store: keep image: %w", err)
		}
		err = qs.DropStrayImages(ctx, q.DropStrayImagesParams{Workspace: img.Workspace, Before: strayBefore})
		if err != nil {
			return fmt.Errorf("store: drop stray images: %w", err)
		}
		return nil
	})
}

// Image returns an image; see catalog.Store.
func (c catalogStore) Image(ctx context.Context, workspace, hash string) (*catalog.Image, error) {
	r, err := q.New(c.db.engine.reads()).GetImage(ctx, q.GetImageParams{Workspace: workspace, Hash: hash})
	err = found(err)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("store: read image: %w", err)
	}
	return &catalog.Image{Workspace: r.Workspace, Hash: r.Hash, Type: r.Type, Width: r.Width, Height: r.Height, Size: r.Size, Created: r.Created, Data: r.Data}, nil
}
