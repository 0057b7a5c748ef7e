/* encoder.h -- snapshots into the frames of a log: the recorder's part on the sampling thread
 *
 * Does no I/O and takes no lock. encoder_want_keyframe may be called from any thread.
 */
#ifndef STORE_ENCODER_H
#define STORE_ENCODER_H

#include "store/heat.h"
#include "store/recorder.h"

struct encoder;

int encoder_new(uint32_t keyframe_every, struct encoder **ret);
void encoder_free(struct encoder *e);
DEFINE_CLEANUP(encoder, encoder_free)

struct strpool *encoder_pool(struct encoder *e);
/* What the measures of the next snapshot go on from. */
struct heat_state *encoder_heat(struct encoder *e);
void encoder_begin(struct encoder *e);
int encoder_encode(struct encoder *e, const struct snapshot *s, struct encoded **ret);
void encoder_want_keyframe(struct encoder *e);

#endif
