#pragma once
// Planted bugs: mistakes one could make, each at the place of the rule it breaks. They are compiled in only where ROWMQ_PLANTED
// is on (the preset `planted`); a program is told which one to have when it starts. test/teeth shows that the tests find each.
// Everywhere else planted() is a constant and nothing of them is left in the program; test/teeth/shipped_test.py looks.
// For .cpp files only: what they include is compiled elsewhere as well, and would be two different things.

#include "base/clock.hpp"

// What each does instead of what is right.
#define ROWMQ_PLANTED_BUGS(BUG)                                                                                   \
    BUG(answer_before_commit)                /* a publish is answered while its commit is under way */            \
    BUG(deletion_answered_before_commit)     /* so is a settlement */                                             \
    BUG(count_after_delivery)                /* a message is handed out before its receive count is stored */     \
    BUG(count_reset_by_restart)              /* an entry read after a restart counts from 0 */                    \
    BUG(marked_count_forgotten)              /* the mark of first receives is not read after a restart */         \
    BUG(redelivery_not_marked)               /* what may have been seen before a crash comes as new */            \
    BUG(dead_letter_one_late)                /* one receive more than max_receives */                             \
    BUG(dead_letter_one_early)               /* one less */                                                       \
    BUG(dead_letter_copies)                  /* the dead letter stays where it was as well */                     \
    BUG(dead_letter_loses)                   /* the dead letter goes nowhere */                                   \
    BUG(redrive_loses_note)                  /* a message moved back forgets which binding brought it */          \
    BUG(deduplication_scope_wrong)           /* ids are of the queue where they should be of the group */         \
    BUG(deduplication_outside_commit)        /* an id is stored in a commit before its message's */               \
    BUG(deduplication_window_slides)         /* the window begins anew with each repetition */                    \
    BUG(deduplication_window_too_long)       /* by 1 ms */                                                        \
    BUG(handle_not_compared)                 /* an older lease settles the newer one's message */                 \
    BUG(stale_handle_extends)                /* or extends it */                                                  \
    BUG(old_handle_believed)                 /* one of before a restart settles what was leased anew since */     \
    BUG(lease_ends_early)                    /* by 1 ms */                                                        \
    BUG(lease_by_wall_clock)                 /* so that a wall clock set ahead ends it */                         \
    BUG(leases_outlive_session)              /* what a closed session held does not come back */                  \
    BUG(extension_not_applied)               /* the lease is extended in the answer alone */                      \
    BUG(wall_clock_goes_back)                /* stored times follow a wall clock set back */                      \
    BUG(wall_forgotten_by_restart)           /* the highest time stored is not looked at when starting */         \
    BUG(sequence_reused_after_restart)       /* ids begin again in the block reserved last */                     \
    BUG(sequence_reused_after_failed_commit) /* ids of a failed commit are given again */                         \
    BUG(reservation_not_stored)              /* ids given are not known to be given after a restart */            \
    BUG(epoch_not_raised)                    /* leases of before a restart look like those of after it */         \
    BUG(page_brings_what_is_held)            /* a page read while a message is leased brings it again */          \
    BUG(page_brings_what_was_removed)        /* or one removed while the page was read */                         \
    BUG(page_counts_as_all)                  /* what was committed after the page was read is never looked for */ \
    BUG(page_skips_an_entry)                 /* a page begins one sequence too far */                             \
    BUG(body_of_another)                     /* bodies read together all get the first one's */                   \
    BUG(fan_out_misses_last)                 /* the last of several queues gets nothing */                        \
    BUG(filter_negated)                      /* a filter takes what it should refuse */                           \
    BUG(priority_upside_down)                /* the highest priority comes last */                                \
    BUG(max_length_one_more)                 /* a full queue takes one more */                                    \
    BUG(wakeup_lost)                         /* who waits is not told of a commit */                              \
    BUG(delay_ends_early)                    /* by 1 ms */                                                        \
    BUG(delay_ignored_after_restart)         /* what is delayed comes at once */                                  \
    BUG(expired_is_delivered)                /* a message comes after its time to live */                         \
    BUG(fifo_group_not_blocked)              /* the next of a group comes while one is leased */                  \
    BUG(fifo_redelivery_after_next)          /* a message released with a delay comes after its followers */      \
    BUG(purge_takes_what_came_later)         /* also what was published while it went on */                       \
    BUG(purge_not_counted)                   /* the counters do not say what a purge removed */                   \
    BUG(settlement_outside_its_transaction)  /* a message is done though its transaction is not */                \
    BUG(transaction_in_part)                 /* the store removes for a unit that it leaves out */                \
    BUG(left_out_is_counted)                 /* or counts it */                                                   \
    BUG(application_not_rolled_back)         /* what an application's failed transaction wrote stays */           \
    BUG(failed_settlement_loses_message)     /* a settlement that was not stored hides its message for ever */    \
    BUG(early_ack_strikes_written_row)       /* an early ack forgets a row whose commit is under way */           \
    BUG(early_confirm_at_delivery)           /* a message is confirmed before its ack and its commit */           \
    BUG(early_failure_is_nacked)             /* refused is what somebody was given, and may have done */          \
    BUG(early_overtakes)                     /* it comes before those that wait already */                        \
    BUG(skip_sync)                           /* nothing is synced */                                              \
    BUG(commit_not_synced)                   /* the log is synced by checkpoints only */                          \
    BUG(checkpoint_before_sync)              /* pages are written back unsynced */                                \
    BUG(failed_sync_retried)                 /* a commit whose sync failed is tried again */                      \
    BUG(store_full_is_done)                  /* a commit for which there is no room is answered as done */        \
    BUG(full_group_is_done)                  /* so are those that were tried together with it */                  \
    BUG(share_taken_twice)                   /* a body owed to several queues is counted down by two */           \
    BUG(share_never_taken)                   /* or not at all */                                                  \
    BUG(removed_range_too_long)              /* one sequence too many goes */                                     \
    BUG(neighbours_body_removed)             /* so does one body too many */                                      \
    BUG(update_range_too_long)               /* one entry too many is updated */                                  \
    BUG(entry_crc_not_compared)              /* a damaged entry is taken for sound */                             \
    BUG(message_crc_not_compared)            /* so is a damaged message */                                        \
    BUG(visibility_not_applied)              /* SQS: a receive's own VisibilityTimeout is ignored */              \
    BUG(handle_of_another_queue)             /* SQS: a receipt handle works on any queue */                       \
    BUG(batch_answers_swapped)               /* SQS: every entry of a batch is answered with the first's id */    \
    BUG(fifo_deletes_what_has_run_out)       /* SQS: a FIFO message is deleted after its visibility ended */      \
    BUG(attempt_gives_anew)                  /* SQS: a repeated receive attempt gets other messages */            \
    BUG(unsent_answer_keeps_messages)        /* SQS: messages of an answer nobody got stay hidden */              \
    BUG(topic_forgets_ids)                   /* SNS: a FIFO topic takes the same id twice */                      \
    BUG(refused_delivery_is_done)            /* SNS: an endpoint's refusal counts as delivery */                  \
    BUG(given_up_without_dead_letter)        /* SNS: what no endpoint takes is dropped */

namespace rowmq {

#define ROWMQ_PLANTED_NAME(bug) bug,
enum class Bug : std::uint8_t { none, ROWMQ_PLANTED_BUGS(ROWMQ_PLANTED_NAME) };
#undef ROWMQ_PLANTED_NAME

#ifdef ROWMQ_PLANTED

extern const Bug planted_bug;  ///< test/teeth/chosen.cpp
inline bool planted(Bug bug) noexcept { return bug == planted_bug; }
/// The time as told by a clock that somebody may set: that of the first call, and what the wall clock moved since.
MonotonicTime guessed_by_wall(Clock& clock);

#else

consteval bool planted(Bug) noexcept { return false; }
inline MonotonicTime guessed_by_wall(Clock& clock) { return clock.monotonic(); }

#endif

}  // namespace rowmq
