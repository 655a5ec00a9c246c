// Entered as the kernel enters a program (System V ABI for AMD64, "Process Initialization"): everything is at the stack pointer.
	.section .text.start, "ax"
	.globl start, parameters
start:
	jmp	1f
	.balign	16, 0xcc
parameters:				// struct parameters of dispatcher.c, filled by inject.ts
	.fill	240, 1, 0
1:	mov	%rsp, %rdi
	lea	stack_end(%rip), %rsp
	call	dispatch
	mov	%rax, %rsp
	lea	start(%rip), %rax
	add	parameters(%rip), %rax
	xor	%edx, %edx		// no function to call at exit
	xor	%ebp, %ebp
	jmp	*%rax
	.section .note.GNU-stack, "", @progbits
