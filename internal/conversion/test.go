package conversion

import (
	"context"

	"clickledger/internal/caps"
	"clickledger/internal/event"
	"clickledger/internal/ledger"
	"clickledger/internal/outbound"
)

// Tests. A signal about a click that came through a test link is judged as any other:
// guards, match, de-duplication, price. What comes of it is a test conversion, kept
// beside the real ones; nothing is posted, counted, told to anybody or reported.

// TestTx keeps test conversions. run is the test link's id: every run of tests has a link
// of its own, and order numbers are known within the run.
type TestTx interface {
	// TestByDedup returns the run's conversion with the key, or catalog.ErrNotFound.
	TestByDedup(ctx context.Context, workspace, run, key string) (*Conversion, error)
	// TestsByClick returns the test conversions of one click.
	TestsByClick(ctx context.Context, workspace string, click event.ClickID) ([]*Conversion, error)
	// GetTest returns it, or catalog.ErrNotFound.
	GetTest(ctx context.Context, workspace, id string) (*Conversion, error)
	// InsertTest adds it; a taken DedupKey is ErrTaken.
	InsertTest(ctx context.Context, run string, c *Conversion) error
	// UpdateTest writes all of it if the stored version is c.Version, and raises it;
	// catalog.ErrVersion otherwise, ErrTaken for another's DedupKey.
	UpdateTest(ctx context.Context, run string, c *Conversion) error
}

// TestReader is what the wizard reads.
type TestReader interface {
	// TestConversions returns those of a run, oldest first.
	TestConversions(ctx context.Context, workspace, run string, limit int) ([]*Conversion, error)
}

// testing makes the rest of the judgment a test. Everything it writes but the signal's
// own row goes through [testBooks]. It is asked again once the click is known.
func (j *judgment) testing() {
	run := ""
	if j.visit != nil && j.visit.Test {
		run = j.visit.Link
	}
	j.row.Test, j.tx = true, testBooks{j.tx, run}
}

// prefix begins the ids of a judgment's conversions.
func (j *judgment) prefix() string {
	if j.row.Test {
		return "tst_"
	}
	return "cnv_"
}

// testBooks is what a test writes to: test conversions in place of conversions, and
// nothing at all in place of money, counts, messages and facts.
type testBooks struct {
	Writer
	run string
}

func (b testBooks) ConversionByDedup(ctx context.Context, workspace, key string) (*Conversion, error) {
	return b.TestByDedup(ctx, workspace, b.run, key)
}

func (b testBooks) ConversionsByClick(ctx context.Context, workspace string, click event.ClickID) ([]*Conversion, error) {
	return b.TestsByClick(ctx, workspace, click)
}

func (b testBooks) GetConversion(ctx context.Context, workspace, id string) (*Conversion, error) {
	return b.GetTest(ctx, workspace, id)
}

func (b testBooks) InsertConversion(ctx context.Context, c *Conversion) error {
	c.Test = true
	return b.InsertTest(ctx, b.run, c)
}

func (b testBooks) UpdateConversion(ctx context.Context, c *Conversion) error {
	return b.UpdateTest(ctx, b.run, c)
}

func (testBooks) InsertChange(context.Context, *Change) error             { return nil }
func (testBooks) Post(context.Context, *ledger.Transaction) (bool, error) { return true, nil }

// InsertAdjustment keeps none: the test conversion's amounts have it.
func (testBooks) InsertAdjustment(context.Context, *Adjustment) (bool, error) { return true, nil }
func (testBooks) AdjustmentsOf(context.Context, string, string) ([]*Adjustment, error) {
	return nil, nil
}

// InsertOnsite counts nothing: a test's event is new each time.
func (testBooks) InsertOnsite(context.Context, *Onsite) (bool, error)         { return true, nil }
func (testBooks) InsertDelivery(context.Context, *outbound.Delivery) error    { return nil }
func (testBooks) PutFact(context.Context, *event.Fact) error                  { return nil }
func (testBooks) PutCapCount(context.Context, caps.Counter, int64) error      { return nil }
func (testBooks) AddCapCount(context.Context, caps.Counter, int64) error      { return nil }
func (testBooks) CapCount(context.Context, caps.Counter) (int64, bool, error) { return 0, true, nil }
func (testBooks) CapCountsFor(context.Context, string, string, string, int64) ([]caps.Kept, error) {
	return nil, nil
}

// Liftable finds nothing: a test lifts no order.
func (testBooks) Liftable(context.Context, VolumeQuery, string, int64, int) ([]string, error) {
	return nil, nil
}

func (testBooks) CountConversions(context.Context, caps.Counter) (map[string]int64, error) {
	return nil, nil
}

var _ Writer = testBooks{}
