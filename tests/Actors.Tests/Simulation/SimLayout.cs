using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster.Coordinator;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Models;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>State of one part of a unit: an expert of an expert unit, or (expert -1) a dense unit as a whole.</summary>
/// <param name="Chain">Hash of everything it was ever computed from.</param>
/// <param name="Steps">Optimizer steps applied.</param>
internal readonly record struct SimState(ulong Chain, long Steps);

/// <summary>Names a part.</summary>
internal readonly record struct SimPart(UnitId Unit, int Expert);

/// <summary>PURE: the run's units and parts, and the symbolic arithmetic of a step over them. The same functions make the undisturbed reference.</summary>
internal sealed class SimLayout
{
    private readonly Dictionary<UnitId, int> ordinals = [];

    public SimLayout(SimSetup setup)
    {
        Setup = setup;
        Order = new UnitOrder(setup.Spec.Model, setup.Spec.Layout);
        foreach (UnitId unit in Order.Units)
        {
            (long begin, long count) = Order.ShardOf(unit);
            var groups = UnitRange.Of(Order.LayoutOf(unit), begin, count).GroupBy(r => unit.Kind == UnitKind.Dense ? -1 : r.Entry.Expert);
            ordinals[unit] = ordinals.Count;
            Parts[unit] = [.. groups.Select(g => (new SimPart(unit, g.Key), g.ToArray()))];
        }
    }

    public SimSetup Setup { get; }

    public UnitOrder Order { get; }

    public int Ranks => Setup.Spec.Layout.Ranks;

    /// <summary>By unit: its parts and the ranges of parameters that are theirs.</summary>
    public Dictionary<UnitId, (SimPart Part, UnitRange[] Ranges)[]> Parts { get; } = [];

    public UnitId ShardOf(int rank) => UnitId.Experts(Setup.Spec.Model.MoeLayers()[0], rank, 0);

    public int Ordinal(UnitId unit) => ordinals[unit];

    /// <summary>Memory for a unit's state.</summary>
    public SimContent Content(int ordinal) => new([.. Parts[Order.Units[ordinal]].Select(p => p.Part)]);

    public SimState Initial(SimPart part) => new(Mix.Of(77, (ulong)Ordinal(part.Unit), (ulong)(part.Expert + 1)), 0);

    public static ulong Token(long step, int rank, ReadOnlySpan<ulong> dense) => Mix.Of((ulong)step, (ulong)rank, Mix.Of(dense));

    public static ulong ExpertOut(ulong token, ulong shard) => Mix.Of(token, shard, 1);

    public static ulong Hidden(ulong token, ReadOnlySpan<ulong> outs) => Mix.Of(token, Mix.Of(outs));

    public static ulong CombineGradient(ulong hidden, int position) => Mix.Of(hidden, (ulong)position, 2);

    public static ulong DispatchGradient(ulong combine, ulong shard) => Mix.Of(combine, shard, 3);

    public static ulong Gradient(ulong hidden, ReadOnlySpan<ulong> back) => Mix.Of(hidden, Mix.Of(back), 4);

    public static ulong Piece(ulong gradient, int to) => Mix.Of(gradient, (ulong)to, 5);

    public UnitReport Norm(UnitId unit, long step, ulong reduced) =>
        new(Ordinal(unit), Setup.NotFinite.Contains(step) && unit == UnitId.Dense(0) ? double.NaN : Mix.Size(reduced));

    public static RankReport Loss(int rank, ulong hidden, int[] routed) => new(rank, Mix.Size(hidden) * 4, 4, [], 0, 0, 0, routed);

    public static SimState Apply(SimPart part, SimState state, long step, double scale, double rate, ulong reduced) => new(
        Mix.Of(state.Chain, (ulong)step, BitConverter.DoubleToUInt64Bits(scale), BitConverter.DoubleToUInt64Bits(rate), reduced, (ulong)(part.Expert + 1)), state.Steps + 1);

    /// <summary>State of a shard's experts as their outputs depend on it.</summary>
    public static ulong Whole(IEnumerable<SimState> parts) => Mix.Of([.. parts.Select(p => p.Chain)]);

    /// <summary>Tokens routed to each expert, for the PLT ledger: any fixed function of the step.</summary>
    public int[] Routed(long step, int rank) => Setup.Partial
        ? [.. Enumerable.Range(0, Setup.Spec.Model.Moe.Experts).Select(e => (int)((step + rank + e) % 3))]
        : [];

    /// <summary>The undisturbed run: by completed steps, the state of every part. Exact recovery continues it bitwise (RC-1, DT-1).</summary>
    public IReadOnlyList<Dictionary<SimPart, SimState>> Reference()
    {
        RunSpec spec = Setup.Spec;
        var states = new List<Dictionary<SimPart, SimState>> { Parts.Values.SelectMany(p => p).ToDictionary(p => p.Part, p => Initial(p.Part)) };
        for (long step = 0; step < spec.Training.Steps; step++)
        {
            Dictionary<SimPart, SimState> now = states[^1];
            ulong[] dense = [.. Enumerable.Range(0, Ranks).Select(r => now[new SimPart(UnitId.Dense(r), -1)].Chain)];
            ulong[] shard = [.. Enumerable.Range(0, Ranks).Select(r => Whole(Parts[ShardOf(r)].Select(p => now[p.Part])))];
            ulong[] token = [.. Enumerable.Range(0, Ranks).Select(r => Token(step, r, dense))];
            ulong[] hidden = [.. token.Select(t => Hidden(t, [.. shard.Select(s => ExpertOut(t, s))]))];
            ulong[] gradient = [.. hidden.Select(h => Gradient(h, [.. shard.Select((s, p) => DispatchGradient(CombineGradient(h, p), s))]))];
            var reduced = new Dictionary<UnitId, ulong>();
            for (int r = 0; r < Ranks; r++)
            {
                reduced[UnitId.Dense(r)] = Mix.Of([.. gradient.Select(g => Piece(g, r))]);
                reduced[ShardOf(r)] = Mix.Of([.. hidden.Select(h => CombineGradient(h, r))]);
            }

            var report = new StepReport(0, step, "", [.. hidden.Select((h, r) => Loss(r, h, Routed(step, r)))], [.. reduced.Select(r => Norm(r.Key, step, r.Value))], 0);
            DecidedStep decided = StepDecisions.Evaluate(spec, 0, step, [report]);
            double scale = StepDecisions.GradientScale(spec, decided);
            states.Add(now.ToDictionary(p => p.Key, p => decided.Skipped ? p.Value : Apply(p.Key, p.Value, step, scale, decided.LearningRate, reduced[p.Key.Unit])));
        }

        return states;
    }
}
