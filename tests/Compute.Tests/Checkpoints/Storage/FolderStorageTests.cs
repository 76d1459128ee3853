using MoeActors.Compute.Checkpoints;

namespace MoeActors.Compute.Tests.Checkpoints.Storage;

public sealed class FolderStorageTests : StorageContract
{
    private readonly TempFolder folder = new();

    public override void Dispose()
    {
        folder.Dispose();
        base.Dispose();
    }

    protected override ICheckpointStorage Open() => new FolderStorage(Path.Combine(folder.Path, "run", "checkpoints"), QuickFiles.Instance);
}
