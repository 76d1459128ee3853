using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Protocol;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Parameters;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>Brings a device's units to the recovery point: they are there, or come from the seed, from snapshots in memory, from verified storage.</summary>
internal sealed class SimRestore(SimWorld world, SimProcess process, SimStore store)
{
    private readonly List<DamagedState> damaged = [];

    public IReadOnlyList<DamagedState> Run(PrepareEpoch m)
    {
        foreach (SimUnit unit in store.Units)
        {
            unit.IsAt(-1);
        }

        if (m.RestoreStep == 0)
        {
            FromSeed();
        }
        else
        {
            FromCheckpoint(m.RestoreStep, m.Restore);
        }

        if (damaged.Count == 0)
        {
            store.IsAt(m.RestoreStep);
            store.Restored = m.RestoreStep > 0;
        }

        return damaged;
    }

    private void FromSeed()
    {
        foreach (SimUnit unit in store.Units)
        {
            unit.Content.Steps.SetAll(0);
            for (int i = 0; i < unit.Content.Parts.Count; i++)
            {
                unit.Content.Set(i, world.Layout.Initial(unit.Content.Parts[i]));
            }
        }

        for (int r = 0; r < store.Dense.Length; r++)
        {
            store.Dense[r] = world.Layout.Initial(new SimPart(UnitId.Dense(r), -1)).Chain;
        }
    }

    private void FromCheckpoint(long step, IReadOnlyList<RestoreItem> items)
    {
        CheckpointStore checkpoints = world.StoreOf(process);
        var readers = new Dictionary<long, CheckpointReader>();
        CheckpointReader Reader(long at)
        {
            if (!readers.TryGetValue(at, out CheckpointReader? reader))
            {
                readers.Add(at, reader = new CheckpointReader(checkpoints.Storage, checkpoints.Open(at, RunIdentity.Of(world.Setup.Spec))));
            }

            return reader;
        }

        if (Try(-1, -1, step, () => Reader(step)) is not { } main)
        {
            return;
        }

        for (int r = 0; r < store.Dense.Length; r++)
        {
            var part = new SimPart(UnitId.Dense(r), -1);
            if (Try(-1, -1, step, () => Stored(main, part)) is { } state)
            {
                store.Dense[r] = state.Value.Chain;
            }
        }

        foreach (SimUnit unit in store.Units)
        {
            for (int i = 0; i < unit.Content.Parts.Count; i++)
            {
                SimPart part = unit.Content.Parts[i];
                RestoreItem? item = items.FirstOrDefault(i => part.Expert >= 0 && i.Layer == 0 && i.Expert == part.Expert);
                long? version = item?.Rung == RestoreRung.Vault ? item.Moments : part.Expert < 0 ? step : null;
                SimState? kept = version is { } v ? world.Seams.FromVault(process.Vault, part, v) : null;
                if (kept is null && item?.Rung == RestoreRung.Vault)
                {
                    damaged.Add(new DamagedState(RestoreRung.Vault, 0, part.Expert, step, "no snapshot is in memory"));
                    continue;
                }

                if ((kept ?? Try(part.Expert < 0 ? -1 : 0, part.Expert, item?.Manifest ?? step, () => Stored(Reader(item?.Manifest ?? step), part))?.Value) is { } state)
                {
                    unit.Content.Set(i, state);
                }
            }

            store.Publish(unit);
        }
    }

    private Found Stored(CheckpointReader reader, SimPart part)
    {
        SimState state = world.Seams.Stored(() => Shards.Read(reader, world.Layout.Parts[part.Unit].First(p => p.Part == part).Ranges));
        string key = SnapshotPlan.StepKey(part.Unit, part.Expert, world.Setup.Partial);
        SimViolation.Unless(reader.Manifest.Units[key] == state.Steps, "CK-1", () => $"{key}: the manifest states {reader.Manifest.Units[key]} steps, its tensors are of {state.Steps}");
        return new Found(state);
    }

    private T? Try<T>(int layer, int expert, long step, Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (CheckpointException e)
        {
            damaged.Add(new DamagedState(RestoreRung.Storage, layer, expert, step, e.Message));
            return null;
        }
    }

    private sealed record Found(SimState Value);
}
