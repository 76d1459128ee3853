using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.State;
using MoeActors.Actors.Training;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Tensors;
using static TorchSharp.torch;

namespace MoeActors.Actors.Faults.Agent.Injectors;

/// <summary>A value of one expert's state changes in memory while a step is computed; nothing is said to anybody.</summary>
/// <param name="node">The node.</param>
/// <param name="state">The memory it happens in: a unit's flat weights, or a slot of its optimizer.</param>
internal sealed class CorruptState(AgentServices node, Func<UnitState, (Tensor Flat, long Begin)> state) : StepInjector(node)
{
    public override string Begin(FaultOrder order)
    {
        Node.TellDeviceActor(order.Actor, new InjectedWork((unit, epoch) =>
        {
            if (unit is null || epoch is not { } now || unit.Step < 0)
            {
                return false;
            }

            (Tensor flat, long begin) = state(unit);
            Change(flat, begin + OffsetOf(unit, (int)order.Number("expert")));
            unit.Tampered = InjectedMark.Of(order.Id);
            Happened(order, now);
            return true;
        }));
        return $"a value of expert {order.Text("expert")} of {order.Actor} changes";
    }

    /// <summary>Another finite value.</summary>
    internal static void Change(Tensor flat, long at)
    {
        using Tensor value = flat.narrow(0, at, 1);
        value.TimesInPlace(1.5).PlusInPlace(0.01);
    }

    /// <summary>First element of the unit's <paramref name="index"/>-th expert in the unit's own range.</summary>
    internal static long OffsetOf(UnitState unit, int index)
    {
        UnitRange[] ranges = [.. UnitRange.Of(unit.Layout, unit.Begin, unit.Count)];
        int[] experts = [.. ranges.Select(r => r.Entry.Expert).Distinct().Order()];
        return experts.Length == 0
            ? throw new FaultRefusedException($"unit {unit.Id} has no elements")
            : ranges.First(r => r.Entry.Expert == experts[Math.Min(index, experts.Length - 1)]).UnitOffset;
    }
}
