package browser

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"image"
	"image/color"
	"image/png"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// picture is an image of docs/images.
type picture struct {
	name, situation, path string // of a report the path is its file's name
	look
	height int // of the page that is shown, from the top; 0 is all of it
}

func pictures() []picture {
	return []picture{
		{"estate", "healthy", "/", look{width: 1280}, 1100},
		{"estate-dark", "healthy", "/", look{width: 1280, dark: true}, 1000},
		{"estate-phone", "healthy", "/", look{width: 390}, 1500},
		{"status", "healthy", "/status", look{width: 1280}, 760},
		{"status-failing", "failing", "/status", look{width: 1280}, 760},
		{"status-suspended", "suspended", "/status", look{width: 1280}, 760},
		{"report", "report", "report.html", look{width: 1280}, 1600},
	}
}

var images = flag.String("images", "", "write the images of the documentation to this directory")

// TestScreenshots makes the images of the documentation: `make screenshots`.
func TestScreenshots(t *testing.T) {
	if *images == "" {
		t.Skip("only asked for by make screenshots")
	}
	browser := startChromium(t)
	made := reports(t)
	sites := map[string]string{} // by situation
	for _, s := range situations() {
		server := httptest.NewServer(s.record(t))
		defer server.Close()
		sites[s.name] = server.URL
	}
	for _, p := range pictures() {
		address := sites[p.situation] + p.path
		for _, file := range made {
			if filepath.Base(file) == p.path {
				address = "file://" + file
			}
		}
		var shot []byte
		browser.at(t, address, p.look, func(ctx context.Context) (err error) {
			shot, err = p.take(ctx)
			return err
		})
		small, err := fewerColors(shot)
		if err != nil {
			t.Fatal(err)
		}
		if len(small) > 300_000 {
			t.Errorf("%s has %d bytes", p.name, len(small))
		}
		if err := os.WriteFile(filepath.Join(*images, p.name+".png"), small, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// take takes the picture of the page that is shown.
func (p picture) take(ctx context.Context) ([]byte, error) {
	height := float64(p.height)
	if p.height == 0 {
		all, err := chromedp.Run(ctx, chromedp.Evaluate[float64]("document.documentElement.scrollHeight"))
		if err != nil {
			return nil, err
		}
		height = all
	}
	beyond := true
	shot, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Clip: &page.Viewport{Width: float64(p.width), Height: height, Scale: 1}, CaptureBeyondViewport: &beyond,
	})
	return shot.Data, err
}

// fewerColors is a picture with the 256 colours that it has most of; each other becomes
// the nearest of them. Pages have few colours, and the shades at the edges of letters.
func fewerColors(shot []byte) ([]byte, error) {
	from, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return nil, err
	}
	count := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(from.At(x, y)).(color.RGBA) }
	bounds := from.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	var colors []color.RGBA
	for c := range count {
		colors = append(colors, c)
	}
	slices.SortFunc(colors, func(a, b color.RGBA) int {
		return cmp.Or(count[b]-count[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	var palette color.Palette
	for _, c := range colors[:min(len(colors), 256)] {
		palette = append(palette, c)
	}
	index := map[color.RGBA]uint8{}
	for _, c := range colors {
		index[c] = uint8(palette.Index(c))
	}
	to := image.NewPaletted(bounds, palette)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			to.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	var small bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, to)
	return small.Bytes(), err
}
