using MoeActors.Compute.Optimization;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

namespace MoeActors.Actors.State;

/// <summary>
/// Silent corruption (recovery.integrity): the weights a step was computed with are checked before the step is reported, so that no wrong gradient is ever decided; master, m and v are checked by the update
/// that reads them (<see cref="OptimizerShard.Guarded"/>). The checksums are formed when the memory is written. On the compute thread.
/// </summary>
/// <param name="sums">Checksums of the flat weights by participant; null where nothing is guarded.</param>
/// <param name="aliased">Whether a unit's own range of the weights is its master (fp32), and guarded as that.</param>
internal sealed class StateGuard(TensorSums? sums, bool aliased)
{
    /// <summary>The guard of one flat tensor of weights.</summary>
    /// <param name="spec">The run.</param>
    /// <param name="weights">Flat weights.</param>
    /// <param name="layout">Their layout.</param>
    /// <param name="participants">Ranks or groups that own a range each.</param>
    public static StateGuard Of(RunSpec spec, TorchSharp.torch.Tensor weights, ParameterLayout layout, int participants) => new(
        spec.GuardsState && weights.device_type == TorchSharp.DeviceType.CPU ? new TensorSums(weights, i => layout.Shard(i, participants), participants) : null,
        spec.Training.Precision == Precision.Float32);

    /// <summary>Another's range of the weights is of <paramref name="step"/>.</summary>
    public void Seal(int participant, long step) => sums?.Seal(participant, step);

    /// <summary>The unit is one step further; its own range of the weights was written by the update, unless that was <paramref name="skipped"/>.</summary>
    public void Updated(UnitState unit, bool skipped)
    {
        if (aliased)
        {
            return;
        }

        if (skipped)
        {
            sums?.Keep(unit.Id.Index, unit.Step);
        }
        else
        {
            sums?.Seal(unit.Id.Index, unit.Step);
        }
    }

    /// <summary>All of the unit's state was restored.</summary>
    public void Restored(UnitState unit)
    {
        unit.Tampered = "";
        unit.Optimizer.Seal();
        Updated(unit, skipped: false);
    }

    /// <summary>What of a unit's own range of the weights has changed; null where nothing has.</summary>
    public string? AlteredOwn(UnitState unit) =>
        sums is null ? null
        : aliased ? unit.Optimizer.AlteredMaster()
        : sums.IsIntact(unit.Id.Index, unit.Step) ? null : $"the weights of {unit.Id} changed between two updates";

    /// <summary>Whether another's range of the weights is what came from it.</summary>
    public bool IsIntact(int participant, long step) => sums is null || sums.IsIntact(participant, step);
}
