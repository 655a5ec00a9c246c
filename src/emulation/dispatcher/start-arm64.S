// Entered as the kernel enters a program: everything is at the stack pointer.
	.section .text.start, "ax"
	.globl start, parameters
start:
	b	1f
	.balign	16, 0
parameters:				// struct parameters of dispatcher.c, filled by inject.ts
	.fill	240, 1, 0
1:	mov	x0, sp
	adrp	x1, stack_end
	add	x1, x1, :lo12:stack_end
	mov	sp, x1
	bl	dispatch
	mov	sp, x0
	adr	x16, start		// x16: a landing pad takes a jump through it
	adr	x1, parameters
	ldr	x1, [x1]
	add	x16, x16, x1
	mov	x0, #0			// no function to call at exit
	mov	x29, #0
	mov	x30, #0
	br	x16
	.section .note.GNU-stack, "", %progbits
