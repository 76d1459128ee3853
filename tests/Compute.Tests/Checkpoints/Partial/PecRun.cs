using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Specs;

namespace MoeActors.Compute.Tests.Checkpoints.Partial;

/// <summary>A run with uniform routing, a full checkpoint at step 0 and partial ones by <see cref="PecSelection"/> at every interval, in host memory and in storage.</summary>
internal sealed class PecRun
{
    private const int TokensPerExpert = 3;

    private readonly LogicalLayout layout;
    private readonly int experts;
    private readonly int interval;
    private readonly IReadOnlyList<int> order;
    private readonly long[][] routed;
    private long[][] stored;
    private long[][] copied;

    public PecRun(int layers, int experts, int nodes, int interval)
    {
        layout = new LogicalLayout { Ranks = nodes, ExpertParallel = nodes };
        (this.experts, this.interval, order) = (experts, interval, ExpertOrder.Of(layout, experts));
        long[][] Rows(long value) => [.. Enumerable.Range(0, layers).Select(_ => Enumerable.Repeat(value, experts).ToArray())];
        (stored, copied, routed, Ledger) = (Rows(0), Rows(0), Rows(TokensPerExpert), PltLedger.Empty(layers, experts));
    }

    public int KSnapshot { get; set; } = 1;

    public int KPersist { get; set; } = 1;

    public PltLedger Ledger { get; private set; }

    public long Step { get; private set; }

    public long LastCheckpoint { get; private set; }

    /// <summary>Tokens of <paramref name="steps"/> steps with top-1 routing.</summary>
    public long Tokens(long steps) => steps * experts * TokensPerExpert;

    public void RunTo(long step)
    {
        while (Step < step)
        {
            Ledger = Ledger.Add(routed);
            if (++Step % interval == 0)
            {
                Checkpoint();
            }
        }
    }

    /// <summary>What the ledger would be after the loss of <paramref name="node"/>; null loses every snapshot.</summary>
    public PltLedger After(int? node) => Ledger.Recover(LastCheckpoint, Versions(node).Select(l => l.Select(v => new ExpertVersion(v, v)).ToArray()).ToArray());

    /// <summary>Every node is lost and the run goes on from storage.</summary>
    public void Fault()
    {
        (Ledger, copied, Step) = (After(null), stored, LastCheckpoint);
    }

    private long[][] Versions(int? node) =>
        [.. stored.Select((layer, m) => layer.Select((v, e) => node is null || layout.PositionOfExpert(e, experts) == node ? v : copied[m][e]).ToArray())];

    private void Checkpoint()
    {
        ExpertSelection s = PecSelection.TwoLevel(
            [.. stored.Select(v => new PecLayer(order, v))], [.. copied.Select(v => new PecLayer(order, v))], KSnapshot, KPersist);
        long[][] Saved(long[][] versions, IReadOnlyList<IReadOnlyList<int>> chosen) =>
            [.. versions.Select((layer, m) => layer.Select((v, e) => chosen[m].Contains(e) ? Step : v).ToArray())];
        (stored, copied, LastCheckpoint) = (Saved(stored, s.Persist), Saved(copied, s.Snapshot), Step);
        Ledger = Ledger.Mark(Step).KeepMarks([Step, .. stored.Concat(copied).SelectMany(v => v)]);
    }
}
