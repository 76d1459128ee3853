using MoeActors.Actors.Cluster;
using MoeActors.Compute.Data;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>A coordinator's token, and the lock of a folder whose former coordinator is not dead.</summary>
public sealed class TakingOfficeTests
{
    [Fact]
    public void Each_coordinator_of_a_journal_has_a_token_of_its_own_also_of_a_run_that_was_fenced_under_another_journal()
    {
        JournalEntry[] journal =
        [
            new JournalEntry.CoordinatorStarted("node-1"),
            new JournalEntry.RunAccepted(Specs.Run().ToJson(), "/run", 0, SampleLedger.Empty(4).ToJson(), "") { Fence = 500 },
            new JournalEntry.CoordinatorStarted("node-2"),
        ];
        var state = new CoordinatorState();
        for (int i = 0; i < journal.Length; i++)
        {
            state = TakingOffice.Replay(state, journal[i], i + 1);
        }

        // node-2 was shut out, stopped perhaps, without another entry: the third one's token is newer than its.
        Assert.Equal(501, state.Fence);
        Assert.Equal(502, TakingOffice.Fenced(state, journal.Length + 1).Fence);

    }

    [Theory]
    [InlineData(0, 500, false)] // nobody has been there: its predecessor died first
    [InlineData(500, 501, false)] // a predecessor of the predecessor
    [InlineData(501, 501, false)] // the predecessor, which may be stopped and hold the lock
    [InlineData(502, 501, true)] // somebody this journal does not know
    public void The_lock_is_waited_for_only_where_another_cluster_may_hold_it(long folder, long predecessor, bool needed) =>
        Assert.Equal(needed, TakingOffice.NeedsLock(folder, predecessor));
}
