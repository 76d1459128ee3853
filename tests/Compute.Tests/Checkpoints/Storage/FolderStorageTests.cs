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

        // As a name whose file another process has just renamed: listed, and not to be found.
        File.CreateSymbolicLink(Path.Combine(storage.Location, "two.tmp"), "renamed");
        File.CreateSymbolicLink(Path.Combine(storage.Location, "data", "three"), "renamed");
        Assert.Equal([new StoredObject("one", 2)], storage.List(""));
        Assert.Empty(storage.List("data"));
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
