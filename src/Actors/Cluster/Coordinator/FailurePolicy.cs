using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Cluster.Coordinator;

/// <summary>One failure of an actor.</summary>
/// <param name="Node">Name of its node.</param>
/// <param name="Actor">Its name.</param>
/// <param name="Step">The step being computed.</param>
/// <param name="Reason">The exception's message.</param>
internal sealed record ActorFailure(string Node, string Actor, long Step, string Reason)
{
    /// <summary>What kind of thing failed.</summary>
    public FailureCause Cause { get; init; }

    /// <summary>Logical rank it belongs to: of "rank-2" and "expert-shard-1-2" it is 2; null for an actor of no rank.</summary>
    public int? Rank => Actor.StartsWith("rank-", StringComparison.Ordinal) || Actor.StartsWith("expert-shard-", StringComparison.Ordinal)
        ? int.TryParse(Actor[(Actor.LastIndexOf('-') + 1)..], out int rank) ? rank : null
        : null;
}

/// <summary>What is restarted after a failure, ever more of it.</summary>
internal enum FailureScope
{
    /// <summary>The actor alone; its supervisor has done it.</summary>
    Actor,

    /// <summary>All actors of its logical rank.</summary>
    Rank,

    /// <summary>The process of its node.</summary>
    Node,

    /// <summary>Nothing on its node, which takes no part any more: its ranks move.</summary>
    Unfit,

    /// <summary>Nothing: the run ends.</summary>
    Run,
}

/// <summary>What follows a failure.</summary>
/// <param name="Scope">What is restarted.</param>
/// <param name="Pause">How long the next epoch waits.</param>
/// <param name="Reason">Why.</param>
internal sealed record FailureDecision(FailureScope Scope, TimeSpan Pause, string Reason)
{
    /// <summary>What kind of failure ends the run; none where it goes on.</summary>
    public FailureCause Cause { get; init; }
}

/// <summary>PURE: restart budgets with backoff and escalation, actor → rank → node → run, counted since the furthest step so far: a run that gets on has no history of failures.</summary>
internal static class FailurePolicy
{
    /// <summary>Failures after which the run gives up.</summary>
    public const int Budget = 5;

    /// <summary>Failures of one rank's actors that are worth no more than a restart of the actor.</summary>
    public const int OfActor = 2;

    /// <summary>
    /// Times that the same actor may fail at the same step with the same words: the step's input is the same each time (DT-1), and so will be what comes of it, on whatever node. More is poison.
    /// </summary>
    public const int Alike = 3;

    /// <summary>Times in a row that a node may fail to read the run's text before it is refused: the first may have been a moment of its storage.</summary>
    public const int Reads = 2;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100), LongestPause = TimeSpan.FromSeconds(2);

    /// <summary>Decides about the newest of <paramref name="failures"/>, which are in order and not empty.</summary>
    public static FailureDecision Decide(IReadOnlyList<ActorFailure> failures)
    {
        ArgumentNullException.ThrowIfNull(failures);
        ActorFailure last = failures[^1];
        if (last.Cause == FailureCause.Data)
        {
            // It is the node's own text: no restart mends it, another node may have a better one, and neither the step nor the code is at fault.
            bool again = failures.Reverse().TakeWhile(f => f.Cause == FailureCause.Data && f.Node == last.Node).Count() >= Reads;
            return new FailureDecision(again ? FailureScope.Unfit : FailureScope.Actor, TimeSpan.Zero, $"{last.Node}/{last.Actor} failed: {last.Reason}");
        }

        failures = [.. failures.Where(f => f.Cause != FailureCause.Data)];
        int alike = failures.Reverse().TakeWhile(f => f.Actor == last.Actor && f.Step == last.Step && f.Reason == last.Reason).Count();
        if (alike > Alike && last.Rank is not null)
        {
            return new FailureDecision(
                FailureScope.Run, TimeSpan.Zero,
                $"poison: {last.Actor} fails at step {last.Step} each time, {alike} times in a row, last on {last.Node}: {last.Reason}; the samples of step {last.Step}, or the code that computes them, are at fault")
            { Cause = FailureCause.Poison };
        }

        if (failures.Count > Budget)
        {
            return new FailureDecision(FailureScope.Run, TimeSpan.Zero, $"{last.Node}/{last.Actor} failed, failure without a step between number {failures.Count}: {last.Reason}") { Cause = FailureCause.RestartBudget };
        }

        // The first is worth no wait: a failed actor costs the step in flight.
        double pause = failures.Count == 1 ? 0 : Math.Min(FirstPause.TotalMilliseconds * Math.Pow(2, failures.Count - 2), LongestPause.TotalMilliseconds);
        int ofRank = failures.Count(f => f.Rank == last.Rank);
        FailureScope scope = last.Rank is null || ofRank <= OfActor ? FailureScope.Actor : ofRank == OfActor + 1 ? FailureScope.Rank : FailureScope.Node;
        string more = scope switch
        {
            FailureScope.Rank => $"; {ofRank} times without a step between: all actors of rank {last.Rank} are restarted",
            FailureScope.Node => $"; {ofRank} times without a step between: the process of {last.Node} is restarted",
            _ => "",
        };
        return new FailureDecision(scope, TimeSpan.FromMilliseconds(pause), $"{last.Node}/{last.Actor} failed: {last.Reason}{more}");
    }
}
