using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Journal;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Compute.Data;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>A coordinator's token, and the lock of a folder whose former coordinator is not dead.</summary>
public sealed class TakeoverStateTests
{
    [Fact]
    public void Each_coordinator_of_a_journal_has_a_token_of_its_own_also_of_a_run_that_was_fenced_under_another_journal()
    {
        JournalEntry[] journal =
        [
            new JournalEntry.CoordinatorStarted("node-1") { Journal = "of this journal" },
            new JournalEntry.RunAccepted(Specs.Run().ToJson(), "/run", 0, SampleLedger.Empty(4).ToJson(), "") { Fence = 500 },
            new JournalEntry.CoordinatorStarted("node-2"),
        ];
        var state = new CoordinatorState();
        for (int i = 0; i < journal.Length; i++)
        {
            state = Takeover.Replay(state, journal[i], i + 1);
        }

        // node-2 was shut out, stopped perhaps, without another entry: the third one's token is newer than its.
        Assert.Equal(501, state.Fence);
        Assert.Equal(502, Takeover.Fenced(state, journal.Length + 1).Fence);
        Assert.Equal("of this journal", state.JournalId);
    }

    [Theory]
    [InlineData("", true)] // an earlier build wrote no name
    [InlineData("of another cluster", true)]
    [InlineData("a lost member", false)]
    public void The_first_coordinator_of_a_newly_started_cluster_is_nobody_s_successor(string before, bool begins) =>
        Assert.Equal(begins, Takeover.Begins(new CoordinatorState { Coordinator = before }, incarnation => incarnation == "a lost member"));

    [Theory]
    [InlineData(true, null)] // those who were asked are gone
    [InlineData(false, "interrupted")] // the same cluster's next coordinator stops too
    public void A_wish_to_stop_ends_with_the_cluster_that_was_asked_also_for_those_who_read_the_journal_later(bool begins, string? stop)
    {
        JournalEntry[] journal =
        [
            new JournalEntry.CoordinatorStarted("node-1") { Incarnation = "first" },
            new JournalEntry.RunAccepted(Specs.Run().ToJson(), "/run", 0, SampleLedger.Empty(4).ToJson(), ""),
            new JournalEntry.StopAsked("interrupted"),
            new JournalEntry.CoordinatorStarted("node-1") { Incarnation = "second", Begins = begins },
        ];
        var state = new CoordinatorState();
        for (int i = 0; i < journal.Length; i++)
        {
            state = Takeover.Replay(state, Entries.Read(Entries.Write(journal[i])), i + 1);
        }

        Assert.Equal((stop, "second", RunPhase.Gathering), (state.StopReason, state.Coordinator, state.Phase));
    }

    [Theory]
    [InlineData(0, "", false)] // nobody has been there: its predecessor died first
    [InlineData(7, "ours", false)] // a predecessor, which may be stopped and hold the lock
    [InlineData(7, "theirs", true)] // another cluster's
    [InlineData(7, "", true)] // somebody's
    public void The_lock_is_waited_for_where_another_cluster_may_hold_it(long token, string owner, bool needed) =>
        Assert.Equal(needed, Takeover.NeedsLock(token, owner, "ours"));

    [Theory]
    [InlineData(6, "theirs", 7)]
    [InlineData(7, "theirs", 8)] // both journals are as young
    [InlineData(7, "ours", 7)]
    [InlineData(9, "ours", 10)]
    public void The_token_of_one_that_fences_a_folder_is_no_other_journals(long token, string owner, long own) =>
        Assert.Equal(own, Takeover.Above(token, owner, new CoordinatorState { Fence = 7, JournalId = "ours" }));
}
