package snapshot

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/zstd"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"ukcloud_exporter/collector"
)

// keptData is the data of a part that an earlier process kept: its samples as they
// lie on disk. Nothing can be built on it but an exposition.
type keptData struct {
	frames     map[string][][]byte // by family, each some samples as a compressed dto.MetricFamily
	duplicates int                 // samples that were dropped when it was written
	until      time.Time           // see collector.Dated
	decoder    *zstd.Decoder
}

// kept reports whether the part comes from an earlier process.
func (p HeldPart) kept() bool {
	_, kept := p.Part.Data.(*keptData)
	return kept
}

// restored reports whether an earlier process's parts stand in for a first round that
// has not ended.
func (s *snapshot) restored() bool {
	return s.attempts == 0 && slices.ContainsFunc(s.parts, HeldPart.kept)
}

// samplesOf returns the samples that a part's data has in a family.
func samplesOf(f *collector.Family, data any) []collector.Sample {
	kept, ok := data.(*keptData)
	if !ok {
		return f.Samples(data)
	}
	samples, err := kept.samples(f)
	if err != nil { // every frame was read once when it was restored
		panic(fmt.Sprintf("%s: %s", f.Name, err))
	}
	return samples
}

func duplicatesBefore(parts []*collector.Part) (n int) {
	for _, p := range parts {
		if kept, ok := p.Data.(*keptData); ok {
			n += kept.duplicates
		}
	}
	return n
}

// samples reads a family's frames.
func (k *keptData) samples(f *collector.Family) (samples []collector.Sample, err error) {
	for _, frame := range k.frames[f.Name] {
		plain, err := k.decoder.DecodeAll(frame, nil)
		if err != nil {
			return nil, err
		}
		var portion dto.MetricFamily
		if err := proto.Unmarshal(plain, &portion); err != nil {
			return nil, err
		}
		samples = slices.Grow(samples, len(portion.Metric))
		for _, m := range portion.Metric {
			s, err := sampleOf(f, m)
			if err != nil {
				return nil, err
			}
			samples = append(samples, s)
		}
	}
	return samples, nil
}

func sampleOf(f *collector.Family, m *dto.Metric) (collector.Sample, error) {
	s := collector.Sample{Labels: make([]string, len(m.Label))}
	if len(m.Label) != len(f.Labels) {
		return s, errors.New("a sample has other labels than the family")
	}
	for i, pair := range m.Label {
		if pair.GetName() != f.Labels[i] {
			return s, errors.New("a sample has other labels than the family")
		}
		s.Labels[i] = pair.GetValue()
	}
	switch {
	case f.Type == collector.Counter && m.Counter != nil:
		s.Value = m.Counter.GetValue()
		if created := m.Counter.CreatedTimestamp; created != nil {
			s.Created = created.AsTime()
		}
	case f.Type == collector.Gauge && m.Gauge != nil:
		s.Value = m.Gauge.GetValue()
	default:
		return s, errors.New("a sample is of another type than the family")
	}
	return s, nil
}

// The file's own marks. A change of what follows raises the version.
const (
	keptFormat  = "ukcloud_exporter parts"
	keptVersion = 1
)

// A file is a line with a keptHead, for each part a line with a keptPart and its
// frames, and in the end the SHA-256 of all that.
type keptHead struct {
	Format      string    `json:"format"`
	Version     int       `json:"version"`
	Fingerprint []byte    `json:"fingerprint"`
	LastAttempt time.Time `json:"last_attempt"`
	LastSuccess time.Time `json:"last_success"`
	Duration    int64     `json:"duration_nanoseconds"` // of the last attempt
	Forbidden   []string  `json:"forbidden"`
	Parts       int       `json:"parts"`
}

type keptPart struct {
	Key        string         `json:"key"`
	At         time.Time      `json:"at"`
	Until      time.Time      `json:"until,omitzero"`
	Unknown    map[string]int `json:"unknown"`
	Duplicates int            `json:"duplicates,omitzero"`
	Frames     []keptFrame    `json:"frames"`
}

type keptFrame struct {
	Family string `json:"family"`
	Size   uint32 `json:"size"`
}

// keptMost bounds a file: the largest of 10,000 VMs has 2.7 MB.
const keptMost = 256 << 20

var (
	errKeptTooLarge = fmt.Errorf("more than %d MiB", keptMost>>20)
	errKeptDamaged  = errors.New("damaged")
	errKeptMisfit   = errors.New("kept by another version or with other settings")
)

// keptWriter writes a file. It holds what one part has in compressed form, and no
// more.
type keptWriter struct {
	out     io.Writer
	sum     hash.Hash
	written int
	encoder *zstd.Encoder
	plain   []byte
}

func newKeptWriter(w io.Writer) (*keptWriter, error) {
	// One thread and a small window, as for an answer.
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	return &keptWriter{out: w, sum: sha256.New(), encoder: encoder}, nil
}

func (w *keptWriter) write(b []byte) error {
	if w.written += len(b); w.written > keptMost {
		return errKeptTooLarge
	}
	w.sum.Write(b)
	_, err := w.out.Write(b)
	return err
}

func (w *keptWriter) line(v any) error {
	line, err := json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return err
	}
	return w.write(append(line, '\n'))
}

// part writes a part.
func (w *keptWriter) part(all []collector.Family, p HeldPart) error {
	line := keptPart{Key: p.Key, At: p.At.UTC(), Unknown: p.Part.Unknown}
	var frames [][]byte
	if kept, ok := p.Part.Data.(*keptData); ok {
		line.Until, line.Duplicates = kept.until, kept.duplicates
		for _, f := range all {
			for _, frame := range kept.frames[f.Name] {
				line.Frames = append(line.Frames, keptFrame{f.Name, uint32(len(frame))})
				frames = append(frames, frame)
			}
		}
	} else {
		if dated, ok := p.Part.Data.(collector.Dated); ok {
			line.Until = dated.Until()
		}
		samples := &walk{families: all, parts: []*collector.Part{p.Part}, looks: looks{}, seen: newSeen()}
		for f := range samples.all() {
			for portion := range f.Portions() {
				frame, err := w.frame(portion)
				if err != nil {
					return err
				}
				line.Frames = append(line.Frames, keptFrame{f.Name, uint32(len(frame))})
				frames = append(frames, frame)
			}
		}
		line.Duplicates = samples.duplicates
	}
	if err := w.line(line); err != nil {
		return err
	}
	for _, frame := range frames {
		if err := w.write(frame); err != nil {
			return err
		}
	}
	return nil
}

// frame compresses some samples of a family, without what the family's name says.
func (w *keptWriter) frame(portion *dto.MetricFamily) (frame []byte, err error) {
	portion.Name, portion.Help, portion.Type = nil, nil, nil
	w.plain, err = proto.MarshalOptions{}.MarshalAppend(w.plain[:0], portion)
	if err != nil {
		return nil, err
	}
	return w.encoder.EncodeAll(w.plain, nil), nil
}

func (w *keptWriter) end() error {
	_, err := w.out.Write(w.sum.Sum(nil))
	return err
}

// readKept reads a file. Nothing of it may be used unless the error is nil.
func readKept(r io.Reader, fingerprint []byte) (head keptHead, parts heldParts, err error) {
	in := &keptReader{bufio.NewReader(io.LimitReader(r, keptMost+sha256.Size)), sha256.New()}
	if err := in.line(&head); err != nil {
		return head, nil, err
	}
	if head.Format != keptFormat {
		return head, nil, errKeptDamaged
	}
	if head.Version != keptVersion || !bytes.Equal(head.Fingerprint, fingerprint) {
		return head, nil, errKeptMisfit
	}
	// What is held in memory are the frames; a window as small as that of the writer
	// is enough to read them.
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(keptMost))
	if err != nil {
		return head, nil, err
	}
	for range head.Parts {
		p, err := in.part(decoder)
		if err != nil {
			return head, nil, err
		}
		parts = append(parts, p)
	}
	return head, parts, in.end()
}

type keptReader struct {
	*bufio.Reader
	sum hash.Hash
}

func (r *keptReader) line(v any) error {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return damaged(err)
	}
	r.sum.Write(line)
	if err := json.Unmarshal(line, v); err != nil {
		return fmt.Errorf("%w: %w", errKeptDamaged, err)
	}
	return nil
}

func (r *keptReader) part(decoder *zstd.Decoder) (HeldPart, error) {
	var line keptPart
	if err := r.line(&line); err != nil {
		return HeldPart{}, err
	}
	data := &keptData{frames: map[string][][]byte{}, duplicates: line.Duplicates, until: line.Until, decoder: decoder}
	for _, f := range line.Frames {
		var frame bytes.Buffer // grows with what is there, whatever size is claimed
		if _, err := io.CopyN(io.MultiWriter(&frame, r.sum), r, int64(f.Size)); err != nil {
			return HeldPart{}, damaged(err)
		}
		data.frames[f.Family] = append(data.frames[f.Family], bytes.Clone(frame.Bytes()))
	}
	return HeldPart{Key: line.Key, Part: &collector.Part{Data: data, Unknown: line.Unknown}, At: line.At, adopted: true}, nil
}

// end reads the sum, behind which there is nothing.
func (r *keptReader) end() error {
	rest, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if !bytes.Equal(rest, r.sum.Sum(nil)) {
		return errKeptDamaged
	}
	return nil
}

// damaged is the error of a file that ends too early; one of reading it stays.
func damaged(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: it ends too early", errKeptDamaged)
	}
	return err
}
