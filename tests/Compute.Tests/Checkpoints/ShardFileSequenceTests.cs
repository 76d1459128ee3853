using MoeActors.Compute.Checkpoints.Files;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>Several files in a row: one is made durable while the next is written.</summary>
public sealed class ShardFileSequenceTests
{
    [Fact]
    public void It_writes_what_the_writer_writes_file_by_file()
    {
        using var folder = new TemporaryFolder();
        using var state = new SampleState(3);
        Manifest one = state.Write(new FolderStorage(Path.Combine(folder.Path, "one"), QuickFiles.Instance), 1, 3);
        Manifest all = state.Write(new FolderStorage(Path.Combine(folder.Path, "all"), QuickFiles.Instance), 1, 3, sequence: true);
        Assert.Equal(one.Entries, all.Entries, (a, b) => (a.Name, a.File, a.Offset, a.Bytes, a.Checksum) == (b.Name, b.File, b.Offset, b.Bytes, b.Checksum));
        Assert.Equal(one.Files, all.Files);
        Assert.All(all.Files, f => Assert.Equal(File.ReadAllBytes(Path.Combine(folder.Path, "one", f.File)), File.ReadAllBytes(Path.Combine(folder.Path, "all", f.File))));
    }

    [Fact]
    public void The_next_file_is_written_while_the_one_before_is_made_durable()
    {
        using var folder = new TemporaryFolder();
        using var files = new SyncedFiles(synced: (path, begun) => path.EndsWith("a.safetensors", StringComparison.Ordinal) && !begun.Wait(TimeSpan.FromSeconds(30))
            ? throw new IOException("nobody began the next file")
            : 0);
        using var sequence = new ShardFileSequence(new ShardFileWriter(folder.Path, files));
        Write(sequence, folder.Path, "a", "b");
        Assert.Equal(["a.safetensors", "b.safetensors"], sequence.Finish().Select(r => Path.GetFileName(r.File.File)));
    }

    [Fact]
    public void A_file_that_cannot_be_made_durable_fails_the_sequence_and_is_deleted()
    {
        using var folder = new TemporaryFolder();
        using var files = new SyncedFiles(synced: (path, _) => throw new IOException("the disk is broken"));
        using var sequence = new ShardFileSequence(new ShardFileWriter(folder.Path, files));
        Write(sequence, folder.Path, "a");
        Assert.Contains("the disk is broken", Assert.Throws<CheckpointException>(() => sequence.Finish()).Message, StringComparison.Ordinal);
        Assert.Throws<CheckpointException>(() => Write(sequence, folder.Path, "b"));
        Assert.Empty(Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories));
    }

    private static void Write(ShardFileSequence sequence, string root, params string[] names)
    {
        using var state = new SampleState(1);
        Directory.CreateDirectory(Path.Combine(root, "step-00000001"));
        foreach (string name in names)
        {
            sequence.Write($"step-00000001/{name}.safetensors", "run-a", 1, state.Pieces((_, _, _) => []), null, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Files whose sync is the test's; it is given an event that is set once a second file is begun.</summary>
    private sealed class SyncedFiles(Func<string, ManualResetEventSlim, int> synced) : IFileOperations, IDisposable
    {
        private readonly ManualResetEventSlim second = new();
        private int created;

        public IWritableFile Create(string path, long length)
        {
            if (++created == 2)
            {
                second.Set();
            }

            return new SyncedFile(QuickFiles.Instance.Create(path, length), () => synced(path, second));
        }

        public IWritableFile? Reuse(string spare, string path, long length) => null;

        public void CreateFolder(string path) => QuickFiles.Instance.CreateFolder(path);

        public void Rename(string from, string to) => QuickFiles.Instance.Rename(from, to);

        public bool SyncFolder(string path) => QuickFiles.Instance.SyncFolder(path);

        public void DeleteFile(string path) => QuickFiles.Instance.DeleteFile(path);

        public void DeleteFolder(string path) => QuickFiles.Instance.DeleteFolder(path);

        public void Dispose() => second.Dispose();
    }

    private sealed class SyncedFile(IWritableFile file, Func<int> synced) : IWritableFile
    {
        public void Append(ReadOnlySpan<byte> bytes) => file.Append(bytes);

        public void Sync()
        {
            synced();
            file.Sync();
        }

        public void Dispose() => file.Dispose();
    }
}
