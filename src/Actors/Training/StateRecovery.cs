using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Actors.Replication;
using MoeActors.Actors.State;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Training;

/// <summary>Brings a device's units and copies to an epoch's recovery point as far as the node can by itself. Used on the compute thread only.</summary>
/// <param name="device">What the device's parts share.</param>
internal sealed class StateRecovery(DeviceState device)
{
    private DeviceStore Store => device.Store!;

    /// <summary>Which copies this node holds in the epoch.</summary>
    public void WantCopies()
    {
        EpochContext context = device.Context!;
        HashSet<int> owners = [.. context.Copies.OwnersAt(context.Self)];
        device.Copies.Want(Store, Enumerable.Range(0, Store.Order.Units.Count).Where(o => owners.Contains(context.NodeOf(Store.Order.Units[o]))));
    }

    /// <summary>
    /// The units are at the recovery point already, or roll forward (ST-1), or come from the seed, from snapshots in memory, from storage. What others hold is fetched from them afterwards. Returns what does not hold.
    /// </summary>
    /// <param name="m">The epoch.</param>
    /// <param name="live">Whether all of it was live, so that nothing had to be restored.</param>
    public IReadOnlyList<DamagedState> Restore(PrepareEpoch m, out bool live)
    {
        RunSpec spec = device.Context!.Spec;
        (live, DamagedState? lost) = OwnState.Bring(m, device.Context.Self, [.. Store.Units, .. Store.Leaving], unit => (Rolls(unit, m, spec, out string? torn), torn));
        if (lost is not null)
        {
            return [lost];
        }

        device.Copies.RollTo(m.RestoreStep, m.Redo, spec.Training);
        foreach (PeerCopy copy in device.Copies.Missing(m.RestoreStep).ToArray())
        {
            // About to be overwritten: from now on it is of no step.
            copy.Step = -1;
        }

        if (m.Sources.Count > 0)
        {
            foreach (UnitState unit in Store.Units.Where(u => u.Step != m.RestoreStep))
            {
                unit.IsAt(-1);
            }

            return [];
        }

        live = live && LiveState.MayStay(spec, Store.Restored);
        if (live)
        {
            return [];
        }

        foreach (UnitState unit in Store.Units)
        {
            unit.IsAt(-1);
        }

        if (m.RestoreStep == 0 && spec.Origin is null)
        {
            UnitRestore.FromSeed(Store);
            Store.IsAt(0);
            Store.Restored = false;
            return [];
        }

        var restore = new UnitRestore(Store, device.Node.Checkpoints.Open(spec, m.RunFolder), device.Node.Vault);
        IReadOnlyList<DamagedState> damaged = restore.FromCheckpoint(m.RestoreStep, RunIdentity.Of(spec), m.Restore);
        if (damaged.Count == 0)
        {
            Store.IsAt(m.RestoreStep);
            Store.Restored = true;
        }

        return damaged;
    }

    private bool Rolls(UnitState unit, PrepareEpoch m, RunSpec spec, out string? torn)
    {
        torn = null;
        try
        {
            return device.Node.RollForward(unit, m.RestoreStep, m.Redo, spec.Training);
        }
        catch (Exception e)
        {
            // Whatever it is: the unit is torn and said to be; the ladder decides what takes its place.
            torn = $"the update of unit {unit.Id} failed in the middle: {e.Message}";
            return false;
        }
    }
}
