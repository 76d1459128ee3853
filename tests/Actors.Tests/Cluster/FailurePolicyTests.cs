using CsCheck;

using MoeActors.Actors.Cluster.Coordinator;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>What follows a failed actor: ever more is restarted, after ever longer, and nothing for ever.</summary>
public sealed class FailurePolicyTests
{
    [Fact]
    public void Failures_of_one_rank_escalate_from_the_actor_to_the_rank_to_the_node_to_the_run()
    {
        ActorFailure[] failures = [.. Enumerable.Range(0, 6).Select(i => new ActorFailure("node-1", i % 2 == 0 ? "rank-2" : "expert-shard-1-2", 7, $"reason {i}"))];
        FailureDecision[] decisions = [.. Enumerable.Range(1, 6).Select(n => FailurePolicy.Decide(failures[..n]))];
        Assert.Equal(
            [FailureScope.Actor, FailureScope.Actor, FailureScope.Rank, FailureScope.Node, FailureScope.Node, FailureScope.Run], decisions.Select(d => d.Scope));
        Assert.Equal([0, 100, 200, 400, 800, 0], decisions.Select(d => (int)d.Pause.TotalMilliseconds));
    }

    [Fact]
    public void The_same_failure_at_the_same_step_is_poison_and_named()
    {
        ActorFailure[] same = [.. Enumerable.Repeat(new ActorFailure("node-1", "expert-shard-0-1", 41, "boom"), FailurePolicy.Alike + 1)];
        Assert.NotEqual(FailureScope.Run, FailurePolicy.Decide(same[..^1]).Scope);
        FailureDecision decision = FailurePolicy.Decide(same);
        Assert.Equal(FailureScope.Run, decision.Scope);
        Assert.StartsWith("poison: expert-shard-0-1 fails at step 41 each time", decision.Reason, StringComparison.Ordinal);

        // A peer that cannot be reached says nothing about the samples.
        Assert.NotEqual(FailureScope.Run, FailurePolicy.Decide([.. same.Select(f => f with { Actor = "exchange" })]).Scope);
    }

    [Fact]
    public void Whatever_fails_the_run_ends_within_the_budget_and_pauses_stay_short() =>
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 1]).Array[1, 8].Sample(kinds =>
        {
            ActorFailure[] failures = [.. kinds.Select(k => new ActorFailure("n", k.Item1 == 3 ? "exchange" : $"rank-{k.Item1}", k.Item2, $"{k.Item3}"))];
            FailureDecision decision = FailurePolicy.Decide(failures);
            Assert.True(failures.Length <= FailurePolicy.Budget || decision.Scope == FailureScope.Run);
            Assert.InRange(decision.Pause, TimeSpan.Zero, TimeSpan.FromSeconds(2));
            Assert.True(failures[^1].Rank is not null || decision.Scope is FailureScope.Actor or FailureScope.Run);
        });
}
