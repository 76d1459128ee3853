using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>What moe plan --checkpoint shows: the bytes each logical rank writes to one checkpoint, for K &lt; N in the rotation's worst phase, and what checkpoints cost.</summary>
internal sealed class CheckpointPlanOutput
{
    private readonly CheckpointPlanRequest _request;
    private readonly RotationPlan _rotation;
    private readonly CheckpointCostOutput _cost;
    private readonly int _experts;

    /// <summary>Plans the checkpoint; allocates no tensor.</summary>
    public CheckpointPlanOutput(RunSpec run, CheckpointPlanRequest request)
    {
        _request = request;
        _experts = run.Model.Moe.Experts;
        _rotation = RotationPlan.Of(
            run.Model, run.Layout, run.Training.Precision, request.Mode, request.Experts, slot => !request.Mask.Prunes(slot));
        _cost = new CheckpointCostOutput(run, request);
    }

    private bool Partial => _request.Experts < _experts;

    private ShardPlan Worst => _rotation.Worst;

    /// <summary>Writes the table, the bottleneck, the reason and the cost.</summary>
    public void Write(TextWriter output)
    {
        string what = Partial
            ? $"a checkpoint of {_request.Experts} of {_experts} experts a layer, mask {_request.Mask}, {ShardingModes.Name(_request.Mode)} sharding: phase {_rotation.WorstPhase}, the worst of the rotation's {_rotation.Phases.Count}"
            : $"a full checkpoint, {ShardingModes.Name(_request.Mode)} sharding";
        output.WriteLine();
        output.WriteLine(what);
        var table = new TextTable("rank", "weights", "optimizer", "total", "");
        foreach (IReadOnlyList<RankShare> alike in AlikeRows.Of(Worst.Ranks, (a, b) => (a.WeightBytes, a.OptimizerBytes) == (b.WeightBytes, b.OptimizerBytes)))
        {
            RankShare r = alike[0];
            table.Add(
                AlikeRows.Numbers(r.Rank, alike.Count), Quantities.Size(r.WeightBytes), Quantities.Size(r.OptimizerBytes), Quantities.Size(r.TotalBytes),
                r.TotalBytes == Worst.BottleneckBytes ? "bottleneck" : "");
        }

        table.Write(output);
        output.WriteLine($"bottleneck: rank {Worst.BottleneckRank} writes {Quantities.Size(Worst.BottleneckBytes)} of {Quantities.Size(Worst.TotalBytes)}{(Partial ? $"; mean over the rotation {Quantities.Size((long)_rotation.MeanBottleneckBytes)}" : "")}");
        output.WriteLine(Worst.Reason);
        _cost.Write(output);
    }

    /// <summary>The same for programs.</summary>
    public object Json() => new
    {
        _request.Mode,
        KPersist = _request.Experts,
        PecMask = Partial ? _request.Mask.ToString() : null,
        Phases = _rotation.Phases.Count,
        _rotation.MeanBottleneckBytes,
        Worst = new
        {
            Phase = _rotation.WorstPhase,
            Worst.BottleneckRank,
            Worst.BottleneckBytes,
            Worst.TotalBytes,
            Worst.Reason,
            Ranks = Worst.Ranks.Select(r => new { r.Rank, Weights = r.WeightBytes, Optimizer = r.OptimizerBytes, Total = r.TotalBytes }),
        },
        Cost = _cost.Json(),
    };
}
