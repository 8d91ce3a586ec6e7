package csvparse

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainCommas is cutCommas a byte at a time.
func plainCommas(data []byte, pos int) (places []int32, stop int) {
	for i, c := range data[pos:] {
		switch c {
		case '"', '\n':
			return places, pos + i
		case ',':
			places = append(places, int32(pos+i))
		}
	}
	return places, len(data)
}

// TestCutCommas compares both ways of cutting with a loop over bytes: on texts of all
// lengths around a block, thin and dense, with and without spare bytes, which hold
// commas, quotes and line ends too, and with room for none, some and all cuts.
func TestCutCommas(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, alphabet := range []string{"ab,", ",", "abcdefghijklmnop,", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz,\"\n", "\",\n", "\x00\x2b\x2d\xac\x80\xff,"} {
		for size := range 4*block + 2 {
			text := make([]byte, size+2*block)
			for i := range text {
				text[i] = alphabet[random.IntN(len(alphabet))]
			}
			for _, spare := range []int{0, block - 1, block} {
				data := text[: size : size+spare]
				checkCutCommas(t, data, random.IntN(size+1))
			}
		}
	}
}

// TestCutCommasFarOn: the same where the first stop is about as far away as stops are looked for
// at once, or twice as far.
func TestCutCommasFarOn(t *testing.T) {
	for _, size := range []int{ahead - 1, ahead, ahead + 1, 2*ahead - 1, 2 * ahead, 2*ahead + 9} {
		text := bytes.Repeat([]byte("abcdefgh,ijk,"), size/13+1)[:size]
		checkCutCommas(t, text, 0)
		checkCutCommas(t, text, size/2)
		for _, stop := range []byte{'"', '\n'} {
			for _, place := range []int{size - 1, size - 2, ahead - 2, 0} {
				stopped := bytes.Clone(text)
				stopped[place] = stop
				checkCutCommas(t, stopped, 0)
			}
		}
	}
}

func checkCutCommas(t *testing.T, data []byte, pos int) {
	t.Helper()
	want, stop := plainCommas(data, pos)
	for _, room := range []int{0, 1, block - 1, block, block + 1, block + len(want), 2*block + len(want)} {
		for name, cut := range map[string]func([]int32, []byte, int) (int, int){
			"this processor's": cutCommas, "portable": cutCommasPortable,
		} {
			const untouched = -7
			all := slices.Repeat([]int32{untouched}, room+2*block)
			n, at := cut(all[:room], data, pos)
			known := max(min(n, room-block+1), 0) // of which the cuts must be there
			switch {
			case n != len(want) || at != stop:
				t.Fatalf("%s: %q from %d: %d commas up to %d, want %d up to %d", name, data, pos, n, at, len(want), stop)
			case !slices.Equal(all[:known], want[:known]):
				t.Fatalf("%s: %q from %d, room %d: cuts %d, want %d", name, data, pos, room, all[:known], want)
			case slices.ContainsFunc(all[room:], func(c int32) bool { return c != untouched }):
				t.Fatalf("%s: %q from %d, room %d: written behind the room: %d", name, data, pos, room, all)
			}
		}
	}
}

func FuzzCutCommas(f *testing.F) {
	f.Add([]byte(`a,b,"c"`), uint8(2), uint8(64))
	f.Add(bytes.Repeat([]byte{','}, 200), uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, text []byte, pos, spare uint8) {
		data := append(make([]byte, 0, len(text)+int(spare)), text...)
		checkCutCommas(t, data, min(int(pos), len(data)))
	})
}

func TestSigns(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 2_000 {
		b := make([]byte, block)
		for i := range b {
			b[i] = "\",\n\x00\xa2\x21\x23\xff"[random.IntN(8)]
		}
		want := uint64(0)
		for i, c := range b {
			if c == '"' {
				want |= 1 << i
			}
		}
		if got, portable := signs(b, '"'), signsPortable(b, '"'); got != want || portable != want {
			t.Fatalf("%q: %b, portable %b, want %b", b, got, portable, want)
		}
	}
}

// TestClosingQuote compares with a loop over bytes, on texts of quotes in rows of every
// length and at every place of a block.
func TestClosingQuote(t *testing.T) {
	plain := func(data []byte, pos int) int {
		for ; pos < len(data); pos++ {
			if data[pos] != '"' {
				continue
			}
			if pos+1 == len(data) || data[pos+1] != '"' {
				return pos
			}
			pos++
		}
		return -1
	}
	check := func(t *testing.T, data []byte) {
		t.Helper()
		for _, spare := range []int{0, block} {
			data := append(make([]byte, 0, len(data)+spare), data...)
			for pos := range min(len(data), 3) {
				if got, want := closingQuote(data, pos), plain(data, pos); got != want {
					t.Fatalf("%q from %d: %d, want %d", data, pos, got, want)
				}
			}
		}
	}
	for row := range 2*block + 3 {
		t.Run(fmt.Sprint(row), func(t *testing.T) {
			for before := range block + 2 {
				text := append(bytes.Repeat([]byte{'a'}, before), bytes.Repeat([]byte{'"'}, row)...)
				check(t, text)
				check(t, append(text, ",b\n"...))
				check(t, append(text, "b\"\"c\",d"...))
			}
		})
	}
	random := rand.New(rand.NewPCG(5, 6))
	for range 5_000 {
		text := make([]byte, random.IntN(4*block))
		for i := range text {
			text[i] = "\"\"\"\"a"[random.IntN(5)]
		}
		check(t, text)
	}
}
