using MoeActors.Actors.Protocol;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.State;

/// <summary>
/// ST-1: a decided step is rolled forward everywhere. A unit whose owner heard the decision late, or whose actor failed before the update, still keeps its reduced gradient and is
/// brought to the recovery point by the very update it missed; one that is there already is left alone.
/// </summary>
internal static class RollForward
{
    /// <summary>PURE: whether state of <paramref name="step"/> lacks nothing but the decided update that leads to <paramref name="target"/>.</summary>
    public static bool Misses(long step, bool hasGradient, long target, DecidedUpdate? redo) =>
        step != target && hasGradient && redo is not null && step == redo.Step && redo.Step + 1 == target;

    /// <summary>Whether the unit's state is that of <paramref name="target"/> afterwards.</summary>
    public static bool To(UnitState unit, long target, DecidedUpdate? redo, TrainingSpec training)
    {
        if (Misses(unit.Step, unit.HasGradient, target, redo))
        {
            unit.FinishSnapshot();
            UnitUpdate.Apply(unit, redo!, training);
        }

        return unit.Step == target;
    }
}
