/**
 * A number as the kernel prints it: decimal or 0x…, and of 64 bits at most. Undefined for anything else: more digits stand
 * only in a file that is damaged, and what JavaScript makes of hundreds of them, Infinity, is no number that could be told.
 */
export const kernelNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^(?:0x[\da-f]{1,16}|\d{1,20})$/i.test(text) ? Number(text) : undefined
