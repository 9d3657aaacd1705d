import { defineMatch, textOption } from '../extension.ts'

/** `-m comment --comment TEXT`: holds for every packet; up to 255 bytes (libxt_comment.c). */
export const comment = defineMatch({
  name: 'comment',
  options: { comment: textOption(255, { required: true }) },
  conditions: () => [],
})
