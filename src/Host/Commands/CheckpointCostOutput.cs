using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Plans;
using MoeActors.Compute.Specs;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary>What moe plan --checkpoint says of the cost: the overhead model's prediction for full checkpoints and for the partial ones asked for, with all that is assumed named.</summary>
internal sealed class CheckpointCostOutput
{
    private readonly CostAssumptions _assumed;
    private readonly CheckpointCost _full;
    private readonly CheckpointCost? _partial;
    private readonly string _name;

    /// <summary>Predicts; allocates no tensor.</summary>
    public CheckpointCostOutput(RunSpec run, CheckpointPlanRequest request)
    {
        int experts = run.Model.Moe.Experts;
        _assumed = request.Assumed;
        _full = CheckpointCost.Of(run, request.Mode, request.Mask, experts, _assumed);
        _partial = request.Experts < experts ? CheckpointCost.Of(run, request.Mode, request.Mask, request.Experts, _assumed) : null;
        _name = $"{request.Experts} of {experts}, {request.Mask}";
    }

    /// <summary>Writes the assumptions and the table.</summary>
    public void Write(TextWriter output)
    {
        OverheadInputs inputs = _full.Inputs;
        output.WriteLine();
        output.WriteLine("cost of checkpoints and faults, predicted (MoC's overhead model)");
        output.WriteLine($"assumed: step {Time(_assumed.StepMs)} (--step-time), a fault every {Time(_assumed.MtbfMs)} (--mtbf), a node writes {Rate(_assumed.DiskBytesPerSecond)} (--disk) and copies {Rate(_assumed.MemoryBytesPerSecond)} (--memory-bandwidth), restart {Time(_assumed.RestartMs)};");
        output.WriteLine($"a checkpoint every {inputs.IntervalSteps:0} (--interval) of {inputs.TotalSteps:0} steps");
        CheckpointCost[] costs = _partial is null ? [_full] : [_full, _partial];
        var table = new TextTable(["", "full", .. _partial is null ? Array.Empty<string>() : [_name]]);
        Row("copied, largest node", c => Quantities.Size(c.SnapshotBytes));
        Row("copy takes", c => Time(c.Inputs.SnapshotMs));
        Row("written, largest node", c => Quantities.Size(c.PersistBytes));
        Row("write takes", c => Time(c.Inputs.PersistMs));
        Row("stall of a checkpoint (O_save)", c => Time(c.Prediction.SaveMs));
        Row("expected faults", c => $"{c.Prediction.ExpectedFaults:0.###}");
        Row("cost of a fault", c => Time(c.Prediction.RecoveryMs));
        Row("all stalls and faults", c => Time(c.Prediction.OverheadMs));
        Row("best interval", c => $"{c.Prediction.OptimalIntervalSteps:0} steps");
        Row("useful time (ETTR)", c => $"{c.Prediction.Ettr * 100:0.00} %");
        Row("lost tokens (PLT)", c => $"{c.Prediction.Plt * 100:0.000} %");
        Row("snapshots kept in memory", c => Quantities.Size(c.KeptBytes));
        Row("and while one is written", c => Quantities.Size(c.WritingBytes));
        table.Write(output);
        if (_partial is not null)
        {
            output.WriteLine($"partial checkpoints copy {_partial.KSnapshot} experts of each layer (checkpoint.k-snapshot) and keep dense part and every expert once (checkpoint.vault); the first and the last checkpoint of a run are full");
        }

        foreach (CheckpointCost late in costs.Where(c => !c.StorageFollows))
        {
            output.WriteLine($"storage cannot follow: {(late == _full ? "a full" : "a partial")} checkpoint is written in {Time(late.Inputs.PersistMs)}, the next one is due after {Time(late.Inputs.IntervalSteps * late.Inputs.IterationMs)} and is left out then");
        }

        void Row(string name, Func<CheckpointCost, string> cell) => table.Add([name, .. costs.Select(cell)]);
    }

    /// <summary>The same for programs.</summary>
    public object Json() => new { Assumed = _assumed, Full = _full, Partial = _partial };

    private static string Rate(double bytesPerSecond) => $"{Quantities.Size((long)bytesPerSecond)}/s";

    private static string Time(double ms) => ms switch
    {
        0 => "0",
        < 1000 => $"{ms:0.#} ms",
        < 120_000 => $"{ms / 1000:0.##} s",
        < 7_200_000 => $"{ms / 60_000:0.#} min",
        _ => $"{ms / 3_600_000:0.#} h",
    };
}
