import { compare, defineMatch } from '../extension.ts'
import { u32 } from '../values/numbers.ts'

/** `-m cpu --cpu NUMBER`: the processor that handles the packet (libxt_cpu.c). */
export const cpu = defineMatch({
  name: 'cpu',
  options: { cpu: u32({ invert: true, required: true }) },
  conditions: ({ cpu }) => [compare('meta cpu', cpu!.value, { words: `--cpu ${cpu!.value}`, not: cpu!.not })],
})
