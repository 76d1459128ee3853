using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Actors.Checkpointing;

/// <summary>A storage whose writes pass the gate of injected faults; reads, and the deletion of what nobody needs, go through as they are.</summary>
internal sealed class FaultyStorage(ICheckpointStorage inner, StorageFaultGate gate) : ICheckpointStorage
{
    public string Location => inner.Location;

    public string Remedy => inner.Remedy;

    public bool ExcludesProcesses => inner.ExcludesProcesses;

    public string Describe(string name) => inner.Describe(name);

    public IReadOnlyList<StoredObject> List(string folder) => inner.List(folder);

    public IReadOnlyList<string> Folders() => inner.Folders();

    public SmallObject? Read(string name) => inner.Read(name);

    public IStoredFile? Open(string name) => inner.Open(name);

    public void CreateFolder(string folder)
    {
        gate.Pass(Describe(folder));
        inner.CreateFolder(folder);
    }

    public IWritableFile Create(string name, long length)
    {
        gate.Pass(Describe(name));
        return new FaultyFile(inner.Create(name, length), Describe(name), gate);
    }

    public bool SyncFolder(string folder)
    {
        gate.Pass(Describe(folder));
        return inner.SyncFolder(folder);
    }

    public bool Put(string name, ReadOnlySpan<byte> content, PutCondition condition)
    {
        gate.Pass(Describe(name));
        return inner.Put(name, content, condition);
    }

    public void Delete(string name) => inner.Delete(name);

    public IReadOnlyList<StoredFile> Spares() => inner.Spares();

    public void Retire(string name) => inner.Retire(name);

    public void DeleteIf(string name, string tag) => inner.DeleteIf(name, tag);

    public void DeleteFolder(string folder) => inner.DeleteFolder(folder);

    public void DeleteLeftovers() => inner.DeleteLeftovers();

    public IDisposable Exclusive() => inner.Exclusive();

    private sealed class FaultyFile(IWritableFile inner, string name, StorageFaultGate gate) : IWritableFile
    {
        public void Append(ReadOnlySpan<byte> bytes)
        {
            gate.Pass(name);
            inner.Append(bytes);
        }

        public void Sync()
        {
            gate.Pass(name);
            inner.Sync();
        }

        public void Dispose() => inner.Dispose();
    }
}
