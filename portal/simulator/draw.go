package simulator

import (
	"encoding/hex"
	"math/bits"
)

// draw is a stateless source of chance. Everything that the simulated portal
// makes up is drawn from the seed, a topic and a number, never from a stream
// that is read in turn, so that a thing looks the same whoever asks for it, in
// whatever order, and whatever else exists.
type draw uint64

// topic keeps the draws for different questions apart.
type topic uint64

const (
	topicAccount topic = iota + 1
	topicVOrg
	topicVDC
	topicVApp
	topicVAppSize
	topicSlot
	topicPhase
	topicMachine
	topicURN
	topicName
	topicSize
	topicShape
	topicOS
	topicStorage
	topicGrowth
	topicResize
	topicPower
	topicPowerHours
	topicEpisode
	topicProtected
	topicReliability
	topicNight
	topicBackupStatus
	topicBackupTime
	topicSnapshot
	topicTag
	topicExtra
	topicBucket
	topicTicket
	topicVMotion
	topicBuild
	topicSession
	topicRequest
	topicFault
	topicWritten
)

// of returns the draw for one question.
func (d draw) of(t topic, number int64) draw {
	return mix(mix(uint64(d)^uint64(t)*0x9e3779b97f4a7c15) ^ draw(uint64(number)*0xd1342543de82ef95+1))
}

// mix spreads every bit of x over the whole result (the finalizer of splitmix64).
func mix[T ~uint64](x T) draw {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return draw(x)
}

// below returns a number from 0 to n-1.
func (d draw) below(n int) int {
	high, _ := bits.Mul64(uint64(mix(d)), uint64(n))
	return int(high)
}

// within returns a number from least to most, both included.
func (d draw) within(least, most int) int { return least + d.below(most-least+1) }

// permille is true in n cases of a thousand.
func (d draw) permille(n int) bool { return d.below(1000) < n }

// hex returns n lower-case hexadecimal digits, n at most 16.
func (d draw) hex(n int) string {
	const digits = "0123456789abcdef"
	text := make([]byte, n)
	for i, x := 0, uint64(mix(d)); i < n; i, x = i+1, x>>4 {
		text[i] = digits[x&15]
	}
	return string(text)
}

// uuid returns a UUID of no particular version, as in the recorded answer.
func (d draw) uuid() string {
	var raw [16]byte
	for i, x := 0, uint64(mix(d)); i < 8; i, x = i+1, x>>8 {
		raw[i] = byte(x)
	}
	for i, x := 8, uint64(mix(d+1)); i < 16; i, x = i+1, x>>8 {
		raw[i] = byte(x)
	}
	text := make([]byte, 0, 36)
	for i, part := range [...][]byte{raw[:4], raw[4:6], raw[6:8], raw[8:10], raw[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}

// weighted is one line of a table of frequencies.
type weighted[T any] struct {
	weight int
	value  T
}

// pick chooses a line of the table in proportion to the weights.
func pick[T any](d draw, table []weighted[T]) T {
	total := 0
	for _, line := range table {
		total += line.weight
	}
	n := d.below(total)
	for _, line := range table {
		if n -= line.weight; n < 0 {
			return line.value
		}
	}
	panic("simulator: a table of frequencies without weights")
}
