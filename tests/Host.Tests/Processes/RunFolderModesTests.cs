namespace MoeActors.Host.Tests.Processes;

/// <summary>What a run leaves behind.</summary>
[Collection(ProcessCollection.Name)]
public sealed class RunFolderModesTests(UndisturbedRun undisturbed)
{
    private const UnixFileMode Others = (UnixFileMode)0x3F; // rwxrwx of group and others

    [Fact]
    public void Everything_in_a_run_folder_is_for_its_user_alone()
    {
        var run = new DirectoryInfo(undisturbed.World.Run);
        FileSystemInfo[] all = [run, .. run.EnumerateFileSystemInfos("*", SearchOption.AllDirectories)];
        foreach (string name in new[] { "run.json", "node.conf", "journal.db", "report.json", "report.html", "steps.jsonl", "events.jsonl", "checkpoints", "logs" })
        {
            Assert.Contains(all, f => f.Name == name);
        }

        Assert.DoesNotContain(all, f => (f.UnixFileMode & Others) != 0);
    }
}
