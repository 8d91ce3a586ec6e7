package portal

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestSessionUnderChaos has callers that come and go at any time, where no model
// says who ends how. What must hold always still must.
func TestSessionUnderChaos(t *testing.T) {
	seeds := 20
	if testing.Short() {
		seeds = 4
	}
	accepted, rejected := 0, 0
	for seed := range seeds {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSchedule(t, uint64(seed))
				s.chaos()
				accepted += s.portal.sessions
				rejected += s.portal.rejected
			})
		})
	}
	t.Logf("%d logins accepted, %d rejected", accepted, rejected)
	if accepted < 10*seeds || rejected < seeds {
		t.Error("the schedules reach too little")
	}
}

func (s *schedule) chaos() {
	var callers sync.WaitGroup
	for caller := range 10 {
		random := rand.New(rand.NewPCG(s.random.Uint64(), uint64(caller)))
		callers.Go(func() {
			for range 100 {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(random.IntN(5000))*time.Millisecond)
				_, err := s.client.Conditional().Accounts(ctx, nil)
				cancel()
				if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
					s.t.Errorf("%v is no *Error", err)
				}
				time.Sleep(time.Duration(random.IntN(240)) * time.Second)
			}
		})
	}
	callers.Go(func() {
		for range 400 {
			time.Sleep(time.Duration(s.random.IntN(60)) * time.Second)
			s.portal.mu.Lock()
			s.upset()
			s.portal.mu.Unlock()
		}
	})
	callers.Wait()
	synctest.Wait()
	if s.portal.atOnce > 1 {
		s.t.Errorf("%d logins at once", s.portal.atOnce)
	}
	if s.portal.broke != "" {
		s.t.Error(s.portal.broke)
	}
	if held := places(s.client); held != 0 {
		s.t.Errorf("%d places are still held", held)
	}
}

// upset changes something of the portal or the client's password.
func (s *schedule) upset() {
	switch s.random.IntN(6) {
	case 0:
		s.portal.session = ""
	case 1:
		s.portal.disguise = s.random.IntN(len(disguises))
	case 2:
		s.portal.login = []string{"", "", "500", "busy"}[s.random.IntN(4)]
	case 3:
		s.portal.broken = s.random.IntN(4) == 0
	case 4: // somebody changes the password at the portal, at times
		s.portal.password = []string{"password-0", "password-0", "password-0", "password-1"}[s.random.IntN(4)]
	case 5: // and in the file
		s.password = []string{"password-0", "password-0", "password-0", "password-1"}[s.random.IntN(4)]
	}
}
