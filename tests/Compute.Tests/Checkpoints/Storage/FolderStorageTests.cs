using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints.Storage;

public sealed class FolderStorageTests : StorageContract
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void What_is_gone_between_the_listing_and_the_look_at_it_is_not_listed()
    {
        ICheckpointStorage storage = Open();
        storage.CreateFolder("data");
        storage.Put("one", [1, 2], PutCondition.New);

        string gone = Path.Combine(storage.Location, "two.tmp");
        Assert.Null(FolderStorage.Stored(storage.Location, new FileInfo(gone)));
        Assert.Equal(new StoredObject("one", 2), FolderStorage.Stored(storage.Location, new FileInfo(Path.Combine(storage.Location, "one"))));

        Assert.Null(storage.Read("two.tmp"));
        Assert.Null(storage.Open("two.tmp"));
    }

    [Fact]
    public void A_link_below_the_folder_is_not_listed_not_read_and_not_written_through()
    {
        var storage = new FolderStorage(Path.Combine(folder.Path, "run", "checkpoints"));
        storage.CreateFolder("data");
        string elsewhere = Directory.CreateDirectory(Path.Combine(folder.Path, "elsewhere", "deeper")).Parent!.FullName;
        File.WriteAllText(Path.Combine(elsewhere, "mine"), "mine");
        File.WriteAllText(Path.Combine(elsewhere, "deeper", "too"), "mine");
        Directory.CreateSymbolicLink(Path.Combine(storage.Location, "step-00000001"), elsewhere);
        Directory.CreateSymbolicLink(Path.Combine(storage.Location, "data", "inside"), elsewhere);
        File.CreateSymbolicLink(Path.Combine(storage.Location, "data", "file"), Path.Combine(elsewhere, "mine"));
        File.CreateSymbolicLink(Path.Combine(storage.Location, "fence.json"), Path.Combine(elsewhere, "mine"));

        Assert.Equal(["data"], storage.Folders());
        Assert.Empty(storage.List(""));
        Assert.Empty(storage.List("data"));
        Assert.Empty(storage.List("step-00000001"));
        foreach (Action refused in (Action[])[
            () => storage.Read("fence.json"), () => storage.Open("data/file")?.Dispose(), () => storage.Open("step-00000001/mine")?.Dispose(),
            () => storage.Create("step-00000001/mine", 4).Dispose(), () => storage.CreateFolder("step-00000001"), () => storage.Retire("step-00000001/mine"),
            () => storage.Delete("step-00000001/mine")])
        {
            Assert.ThrowsAny<IOException>(refused);
        }

        storage.DeleteFolder("step-00000001");
        using (IWritableFile file = storage.Create("data/file", 5))
        {
            file.Append("other"u8);
            file.Sync();
        }

        Assert.Equal("mine", File.ReadAllText(Path.Combine(elsewhere, "mine")));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(elsewhere, "deeper", "too")));
        Assert.Equal("other", File.ReadAllText(Path.Combine(storage.Location, "data", "file")));
    }

    [Fact]
    public void Retention_leaves_alone_what_a_link_points_at()
    {
        var store = new CheckpointStore(Path.Combine(folder.Path, "checkpoints"), QuickFiles.Instance);
        using var state = new SampleState(3);
        store.Publish(state.Write(store.Location, 50, shards: 1), SampleState.Expected);
        store.Publish(state.Write(store.Location, 60, shards: 1), SampleState.Expected);
        string elsewhere = Directory.CreateDirectory(Path.Combine(folder.Path, "elsewhere", "deeper")).Parent!.FullName;
        File.WriteAllText(Path.Combine(elsewhere, "mine"), "mine");
        File.WriteAllText(Path.Combine(elsewhere, "deeper", "too"), "mine");
        Directory.CreateSymbolicLink(Path.Combine(store.Location, "step-00000001"), elsewhere);
        Directory.CreateSymbolicLink(Path.Combine(store.Location, "step-00000050", "up"), elsewhere);

        RetentionResult done = store.Retain(new RetentionRequest(new RetentionPolicy(1), 0));
        Assert.Equal([50], done.Decision.Drop);
        Assert.True(File.Exists(Path.Combine(elsewhere, "mine")));
        Assert.True(File.Exists(Path.Combine(elsewhere, "deeper", "too")));
    }

    [Fact]
    public void The_folder_itself_may_be_a_link_to_a_larger_disk()
    {
        string disk = Directory.CreateDirectory(Path.Combine(folder.Path, "disk")).FullName, link = Path.Combine(folder.Path, "checkpoints");
        Directory.CreateSymbolicLink(link, disk);
        var store = new CheckpointStore(link, QuickFiles.Instance);
        using var state = new SampleState(3);
        store.Publish(state.Write(link, 50, shards: 1), SampleState.Expected);
        store.Publish(state.Write(link, 60, shards: 1), SampleState.Expected);
        Assert.Empty(store.Verify(60, TestContext.Current.CancellationToken));
        Assert.Empty(store.Retain(new RetentionRequest(new RetentionPolicy(1), 0)).Failures);
        Assert.Equal(["step-00000060", "step-00000060.manifest.json"], Directory.EnumerateFileSystemEntries(disk, "step*").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    public override void Dispose()
    {
        folder.Dispose();
        base.Dispose();
    }

    protected override ICheckpointStorage Open() => new FolderStorage(Path.Combine(folder.Path, "run", "checkpoints"), QuickFiles.Instance);
}
