import { atLeastOne, atMostOne, defineMatch, printOptions, WordError, word } from '../extension.ts'
import { readNumber } from '../values/numbers.ts'
import { cutName } from '../values/text.ts'

type Instruction = [code: number, jumpTrue: number, jumpFalse: number, k: number]

const MAX_INSTRUCTIONS = 64

const options = {
  bytecode: word<Instruction[]>(readBytecode, (program) => `"${[program.length, ...program.map(join)].join()}"`),
  'object-pinned': cutName(511),
}

/** `-m bpf`: a classic BPF program, or a pinned eBPF one, decides (libxt_bpf.c revision 1). */
export const bpf = defineMatch({
  name: 'bpf',
  options,
  check(values) {
    atLeastOne(values, 'bytecode', 'object-pinned')
    atMostOne(values, 'bytecode', 'object-pinned')
  },
  conditions: (values, context) => [
    {
      kind: 'unknown',
      text: printOptions(options, values, context).join(' '),
      reason: 'a BPF program decides, and it is not run here',
    },
  ],
})

/** `COUNT,CODE JT JF K,…`, as nfbpf_compile writes it. Throws WordError. */
function readBytecode(text: string): Instruction[] {
  const [count = '', ...instructions] = text.replace(/,$/, '').split(',')
  const program = instructions.map((instruction): Instruction => {
    const words = instruction.trim().split(/\s+/)
    if (words.length < 4 || !words.every((one) => /^\d+$/.test(one)))
      throw new WordError(`"${instruction}" is not an instruction`)
    const [code, jumpTrue, jumpFalse, k] = words as [string, string, string, string]
    return [readNumber(code, 0xffff), readNumber(jumpTrue, 0xff), readNumber(jumpFalse, 0xff), readNumber(k)]
  })
  const length = readNumber(count, MAX_INSTRUCTIONS, 1)
  if (program.length !== length) throw new WordError(`${program.length} instructions, but ${length} are announced`)
  return program
}

const join = (instruction: Instruction) => instruction.join(' ')
