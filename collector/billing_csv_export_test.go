package collector

import "time"

// SetNow sets the collector's clock.
func (c *BillingCSV) SetNow(now func() time.Time) { c.now = now }

// SetNow sets the collector's clock.
func (c *CloudStorageReport) SetNow(now func() time.Time) { c.now = now }
