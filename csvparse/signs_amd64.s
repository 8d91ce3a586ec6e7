//go:build !purego

#include "textflag.h"

// func signsVector(b *[block]byte, sign byte) uint64
TEXT ·signsVector(SB), NOSPLIT, $0-24
	MOVQ         b+0(FP), SI
	MOVBLZX      sign+8(FP), AX
	VMOVQ         AX, X0
	VPBROADCASTB X0, Y0
	VPCMPEQB     (SI), Y0, Y1
	VPCMPEQB     32(SI), Y0, Y2
	VPMOVMSKB    Y1, AX
	VPMOVMSKB    Y2, DX
	SHLQ         $32, DX
	ORQ          DX, AX
	VZEROUPPER
	MOVQ         AX, ret+16(FP)
	RET

// CUT writes the place of the lowest bit of AX, and clears the bit. Without a bit it
// writes what the next block writes over, or nobody reads.
#define CUT(place) \
	TZCNTQ AX, DX        \
	ADDL   R9, DX        \
	MOVL   DX, place(R10) \
	BLSRQ  AX, AX

// func cutCommasVector(cuts *int32, room int, data *byte, pos, end int) (n, stop int)
//
// A block has five or six commas, and a jump that depends on how many costs more than
// writing eight places each time.
TEXT ·cutCommasVector(SB), NOSPLIT, $0-56
	MOVQ         cuts+0(FP), DI
	MOVQ         room+8(FP), R11
	MOVQ         data+16(FP), SI
	MOVQ         pos+24(FP), R9
	MOVQ         end+32(FP), CX
	XORQ         R8, R8
	ADDQ         R9, SI
	SUBQ         R9, CX       // bytes that are left
	MOVQ         $',', AX
	VMOVQ         AX, X0
	VPBROADCASTB X0, Y0
	MOVQ         $'"', AX
	VMOVQ         AX, X3
	VPBROADCASTB X3, Y3
	MOVQ         $'\n', AX
	VMOVQ         AX, X4
	VPBROADCASTB X4, Y4

block:
	VMOVDQU   (SI), Y1
	VMOVDQU   32(SI), Y2
	VPCMPEQB  Y1, Y3, Y5
	VPCMPEQB  Y1, Y4, Y6
	VPCMPEQB  Y1, Y0, Y1
	VPOR      Y5, Y6, Y5
	VPCMPEQB  Y2, Y3, Y6
	VPCMPEQB  Y2, Y4, Y7
	VPCMPEQB  Y2, Y0, Y2
	VPOR      Y6, Y7, Y6
	VPMOVMSKB Y5, R12
	VPMOVMSKB Y6, DX
	SHLQ      $32, DX
	ORQ       DX, R12         // R12: quotes and line ends
	VPMOVMSKB Y1, AX
	VPMOVMSKB Y2, DX
	SHLQ      $32, DX
	ORQ       DX, AX          // AX: commas
	CMPQ      CX, $64
	JGE       within
	BZHIQ     CX, AX, AX      // without the bytes behind end
	BZHIQ     CX, R12, R12

within:
	BLSMSKQ R12, DX           // up to the first stop, all where there is none
	ANDQ    DX, AX
	POPCNTQ AX, BX
	CMPQ    R8, R11
	JG      count
	LEAQ    (DI)(R8*4), R10

eight:
	CUT(0)
	CUT(4)
	CUT(8)
	CUT(12)
	CUT(16)
	CUT(20)
	CUT(24)
	CUT(28)
	ADDQ  $32, R10
	TESTQ AX, AX
	JNZ   eight

count:
	ADDQ  BX, R8
	TESTQ R12, R12
	JNZ   stop
	ADDQ  $64, SI
	ADDQ  $64, R9
	SUBQ  $64, CX
	JG    block
	MOVQ  end+32(FP), R9
	JMP   done

stop:
	TZCNTQ R12, R12
	ADDQ   R12, R9

done:
	VZEROUPPER
	MOVQ R8, n+40(FP)
	MOVQ R9, stop+48(FP)
	RET
