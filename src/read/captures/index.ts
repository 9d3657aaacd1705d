import type { CaptureFormat } from './format.ts'
import { kernelLog } from './kernel-log/format.ts'
import { nftTrace } from './nft-trace/format.ts'

/** Every capture format: one line each. */
export const CAPTURE_FORMATS: readonly CaptureFormat[] = [nftTrace, kernelLog]
