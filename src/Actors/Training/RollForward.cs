using MoeActors.Actors.Protocol;
using MoeActors.Compute.Models;

namespace MoeActors.Actors.Training;

/// <summary>
/// ST-1: a decided step is rolled forward everywhere. A unit whose owner heard the decision late, or whose actor failed before the update, still keeps its reduced gradient and is
/// brought to the recovery point by the very update it missed; one that is there already is left alone.
/// </summary>
internal static class RollForward
{
    /// <summary>Whether the unit's state is that of <paramref name="target"/> afterwards.</summary>
    public static bool To(UnitState unit, long target, DecidedUpdate? redo, TrainingSpec training)
    {
        if (unit.Step != target && unit.Reduced is not null && redo is not null && unit.Step == redo.Step && redo.Step + 1 == target)
        {
            unit.FinishSnapshot();
            UnitUpdate.Apply(unit, redo, training);
        }

        return unit.Step == target;
    }
}
