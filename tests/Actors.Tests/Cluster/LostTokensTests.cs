using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Cluster.Membership;
using MoeActors.Actors.Cluster.Placements;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

using Input = MoeActors.Actors.Cluster.Coordinator.CoordinatorInput;

namespace MoeActors.Actors.Tests.Cluster;

/// <summary>What the run says of lost tokens while it goes on: with each step, and to whoever asks.</summary>
public sealed class LostTokensTests
{
    // 4 sequences of 8 tokens a step, 8 steps, top 2.
    private const double Slots = 4 * 8 * 8 * 2;

    private static readonly RunSpec Full = Specs.Run();

    private static readonly RunSpec Partial = Full with { Checkpoint = Full.Checkpoint with { Mode = CheckpointMode.Partial } };

    [Fact]
    public void The_share_is_of_all_tokens_planned_for_the_run()
    {
        PltLedger ledger = Lossy();
        Assert.Equal(64, ledger.Lost(StateClass.Parameters)[0]);
        Assert.Equal(64 / Slots / ledger.Tokens.Count, LostTokens.Share(Partial, ledger)!.Value, 12);
        Assert.Null(LostTokens.Share(Full, null));
        Assert.Null(LostTokens.Share(null, null));
    }

    [Fact]
    public void A_decided_step_says_what_is_lost_so_far()
    {
        Assert.Equal(64 / Slots / Lossy().Tokens.Count, Decide(Partial, Lossy())!.Value, 12);
        Assert.Null(Decide(Full, null));
    }

    [Fact]
    public void Who_asks_for_the_status_is_told_and_a_full_run_has_none()
    {
        var board = new StatusBoard();
        Assert.Equal(LostTokens.Share(Partial, Lossy()), board.Answer(new StatusQuery(0), new CoordinatorState { Spec = Partial, Plt = Lossy() }, 0.9).Plt);
        Assert.True(double.IsNaN(board.Answer(new StatusQuery(0), new CoordinatorState { Spec = Full }, 0.9).Plt));
    }

    private static double? Decide(RunSpec spec, PltLedger? plt)
    {
        NodeIdentity node = Nodes.Of(0);
        var state = new CoordinatorState
        {
            Phase = RunPhase.Running,
            Spec = spec,
            Epoch = 1,
            Step = 4,
            Placement = new Placement([node], [0, 0, 0, 0], "test"),
            Ledger = Enumerable.Range(0, 4).Aggregate(SampleLedger.Empty(4), (l, step) => l.Commit(step)),
            Plt = plt,
        };
        int routed = spec.Model.MoeLayers().Count * spec.Model.Moe.Experts;
        RankReport rank = new(0, 30, 10, [], 0, 1, 1, new int[routed]);
        (_, IReadOnlyList<CoordinatorEffect> effects) = CoordinatorMachine.Step(state, new Input.Reported(new StepReport(1, 4, node.Incarnation, [rank], [new UnitReport(0, 1)], 0)));
        return Assert.Single(effects.OfType<CoordinatorEffect.RecordStep>()).Step.Plt;
    }

    // One step routes 64 tokens to expert 0 of the first layer; a recovery to its end finds that expert as it was before.
    private static PltLedger Lossy()
    {
        int layers = Partial.Model.MoeLayers().Count, experts = Partial.Model.Moe.Experts;
        long[][] routed = [.. Enumerable.Range(0, layers).Select(m => Enumerable.Range(0, experts).Select(e => m == 0 && e == 0 ? 64L : 0).ToArray())];
        ExpertVersion[][] versions = [.. routed.Select(l => l.Select((tokens, _) => tokens > 0 ? new ExpertVersion(0, 0) : new ExpertVersion(1, 1)).ToArray())];
        return PltLedger.Empty(layers, experts).Add(routed).Mark(1).Recover(1, versions);
    }
}
