import { BYTES_BEFORE } from '../../by-turns.ts'
import { defineMatch } from '../extension.ts'
import { u64 } from '../values/numbers.ts'

/** `-m quota --quota BYTES`: until so many bytes have passed (libxt_quota.c). */
export const quota = defineMatch({
  name: 'quota',
  options: { quota: u64({ invert: true, required: true }) },
  conditions({ quota }) {
    const { value, not } = quota!
    const text = `${not ? '! ' : ''}--quota ${value}`
    const lasts = { bytes: Number(value), behind: not }
    return [{ kind: 'unknown', text, reason: BYTES_BEFORE, lasts }]
  },
})
