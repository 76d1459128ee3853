using MoeActors.Compute.Files;

namespace MoeActors.Compute.Checkpoints.Storage;

/// <summary>CK-1's publication: write beside, fsync, rename, fsync of the folder. A crash at any point leaves the old file or the new one, whole.</summary>
internal static class AtomicFile
{
    public const string TemporarySuffix = PrivateFiles.TemporarySuffix;

    /// <summary>Replaces <paramref name="path"/>. False when the file system could not make the rename durable.</summary>
    public static bool Write(IFileOperations files, string path, ReadOnlySpan<byte> content)
    {
        string temporary = path + TemporarySuffix;
        using (IWritableFile file = files.Create(temporary, content.Length))
        {
            file.Append(content);
            file.Sync();
        }

        files.Rename(temporary, path);
        return files.SyncFolder(Path.GetDirectoryName(path)!);
    }
}
