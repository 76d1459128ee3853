using MoeActors.Actors.Cluster.Coordinator;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class RunFolderLockTests
{
    [Fact]
    public void A_held_lock_is_told_from_a_folder_that_cannot_be_written()
    {
        using var folder = new TemporaryFolder();
        using (RunFolderLock.Take(folder.Path))
        {
            Assert.True(RunFolderLock.IsHeld(folder.Path));
            Assert.Throws<RunFolderHeldException>(() => RunFolderLock.Take(folder.Path));
        }

        Assert.False(RunFolderLock.IsHeld(folder.Path));
        Directory.CreateDirectory(Path.Combine(folder.Path, "no-file"));
        Assert.Throws<UnauthorizedAccessException>(() => RunFolderLock.Take(folder.Path, "no-file"));
    }

    [Fact]
    public void A_missing_folder_is_not_made_for_the_sake_of_its_lock()
    {
        using var folder = new TemporaryFolder();
        string missing = Path.Combine(folder.Path, "moved-away");
        Assert.Throws<DirectoryNotFoundException>(() => RunFolderLock.Take(missing));
        Assert.False(RunFolderLock.IsHeld(missing));
        Assert.False(Directory.Exists(missing));
    }

    [Fact]
    public void The_lock_goes_with_a_folder_that_is_moved_and_a_copy_has_none()
    {
        using var folder = new TemporaryFolder();
        string original = Path.Combine(folder.Path, "a"), moved = Path.Combine(folder.Path, "b"), copy = Path.Combine(folder.Path, "c");
        Directory.CreateDirectory(original);
        Directory.CreateDirectory(copy);
        using RunFolderLock held = RunFolderLock.Take(original);
        File.WriteAllText(Path.Combine(copy, RunFolderLock.CoordinatorName), "");
        Directory.Move(original, moved);
        Assert.True(RunFolderLock.IsHeld(moved));
        Assert.False(RunFolderLock.IsHeld(copy));
    }

    [Fact]
    public void A_lock_that_is_discarded_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        RunFolderLock.Take(folder.Path).Discard();
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }
}
