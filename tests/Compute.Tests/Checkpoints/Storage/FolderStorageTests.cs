using MoeActors.Compute.Checkpoints;

namespace MoeActors.Compute.Tests.Checkpoints.Storage;

public sealed class FolderStorageTests : StorageContract
{
    private readonly TempFolder folder = new();

    [Fact]
    public void What_is_gone_between_the_listing_and_the_look_at_it_is_not_listed()
    {
        ICheckpointStorage storage = Open();
        storage.CreateFolder("data");
        storage.Put("one", [1, 2], PutCondition.New);

        string gone = Path.Combine(storage.Location, "two.tmp");
        Assert.Null(FolderStorage.Stored(storage.Location, new FileInfo(gone)));
        Assert.Equal(new StoredObject("one", 2), FolderStorage.Stored(storage.Location, new FileInfo(Path.Combine(storage.Location, "one"))));

        // A name that is there, of a file that is not.
        File.CreateSymbolicLink(gone, "renamed");
        Assert.Null(storage.Read("two.tmp"));
        Assert.Null(storage.Open("two.tmp"));
    }

    public override void Dispose()
    {
        folder.Dispose();
        base.Dispose();
    }

    protected override ICheckpointStorage Open() => new FolderStorage(Path.Combine(folder.Path, "run", "checkpoints"), QuickFiles.Instance);
}
