using System.Collections.Concurrent;

using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Checkpointing;

/// <summary>
/// Opens the place of a run's checkpoints: the folder "checkpoints" of its run directory, or its own part of an object store. Keeps what it opened for writing, so that
/// a server is asked once whether it honours conditions (CK-1). Holds the credentials, which are no part of the run's record. Thread-safe.
/// </summary>
/// <param name="objectStore">How object stores are reached.</param>
/// <param name="faults">Injected faults of what is written; null = none.</param>
/// <param name="time">Clock that requests to an object store are signed by; null = the machine's.</param>
public sealed class CheckpointPlaces(ObjectStoreOptions objectStore, StorageFaultGate? faults = null, TimeProvider? time = null) : IDisposable
{
    private readonly ConcurrentDictionary<string, Lazy<ObjectStorage>> open = new();
    private readonly ConcurrentBag<ObjectStorage> readOnly = [];

    /// <summary>The store of a run, for writing. Throws <see cref="CheckpointException"/> when its object store cannot be used.</summary>
    public CheckpointStore Open(RunSpec spec, string runFolder)
    {
        if (spec.Checkpoint.Location.Length == 0)
        {
            return new CheckpointStore(Faulty(new FolderStorage(CheckpointPaths.InRun(runFolder))));
        }

        ObjectLocation location = LocationOf(spec);
        try
        {
            return new CheckpointStore(Faulty(open.GetOrAdd(location.ToString(), _ => new Lazy<ObjectStorage>(() => ObjectStorage.Open(location, objectStore, writes: true, time))).Value));
        }
        catch (ObjectStoreException e)
        {
            // A failure is not kept: the server may be there the next time.
            open.TryRemove(location.ToString(), out _);
            throw new CheckpointException(e.Message, e);
        }
    }

    /// <summary>The store of a run, for reading alone. Nothing is asked of a server before the first read.</summary>
    public CheckpointStore OpenToRead(RunSpec spec, string runFolder)
    {
        if (spec.Checkpoint.Location.Length == 0)
        {
            return new CheckpointStore(CheckpointPaths.InRun(runFolder));
        }

        ObjectStorage storage = ObjectStorage.Open(LocationOf(spec), objectStore, writes: false, time);
        readOnly.Add(storage);
        return new CheckpointStore(storage);
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose()
    {
        foreach (ObjectStorage storage in open.Values.Where(s => s.IsValueCreated).Select(s => s.Value).Concat(readOnly))
        {
            storage.Dispose();
        }
    }

    private ICheckpointStorage Faulty(ICheckpointStorage storage) => faults is null ? storage : new FaultyStorage(storage, faults);

    private static ObjectLocation LocationOf(RunSpec spec) => (ObjectLocation.Parse(spec.Checkpoint.Location)
        ?? throw new CheckpointException($"checkpoint.storage = {spec.Checkpoint.Location}: expected nothing (the run directory) or s3://BUCKET/PREFIX")).Below(spec.RunId);
}
