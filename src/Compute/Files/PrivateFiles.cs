using System.Text;
using Microsoft.Win32.SafeHandles;

namespace MoeActors.Compute.Files;

/// <summary>
/// How files and folders of a run come into being: for their owner alone, as new files or through no link, whatever others have put under the name before. Everything
/// the program writes goes through here, but for the database of the journal, which <see cref="OwnerOnly"/> covers. Errors are IOException or UnauthorizedAccessException.
/// </summary>
public static class PrivateFiles
{
    /// <summary>Ending of a file that is being written beside its place.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>The mode of files: the owner reads and writes.</summary>
    public const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The mode of folders: the owner does everything.</summary>
    public const UnixFileMode FolderMode = FileMode | UnixFileMode.UserExecute;

    /// <summary>From now on, whatever this process and its children create is for their user alone, also what a library creates.</summary>
    public static void OwnerOnly() => Posix.SetMask((int)(UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute));

    /// <summary>
    /// Creates a folder and its missing parents, for this user alone; one that is there stays as it is. A link of this user's, or of root's, may stand in its place (to a
    /// larger disk, say); one that somebody else has made is refused.
    /// </summary>
    public static void CreateFolder(string path)
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (FileStatus.Of(folder) is { IsLink: true, IsOwn: false, Owner: not 0 })
        {
            throw new IOException($"{folder}: is a link that another user has made; delete it");
        }

        if (Path.GetDirectoryName(folder) is { } parent && !Directory.Exists(parent))
        {
            CreateFolder(parent); // the system gives its mode to the last one alone
        }

        Directory.CreateDirectory(folder, FolderMode);
    }

    /// <summary>Creates a new file in the place of a file or a link: a former file keeps its content for those who have it open, a link is removed and not followed.</summary>
    public static FileStream Create(string path) => new(
        Posix.CreateAnew(path, Posix.ReadWrite, out int error) ?? throw Posix.Error(path, error), FileAccess.ReadWrite, bufferSize: 1);

    /// <summary>
    /// Replaces a file: written beside, moved into place. A reader sees the old one or the new one, whole, however many processes write it; nothing is left behind on an error.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="fill">Writes the content; may read and seek.</param>
    /// <param name="durable">Whether content and name survive a power failure when this returns (where the file system can promise it).</param>
    public static void Replace(string path, Action<FileStream> fill, bool durable = true)
    {
        if (FileStatus.Of(path) is { IsReplaceable: false })
        {
            throw Posix.Error(path, Posix.Exists);
        }

        string temporary = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}{TemporarySuffix}";
        try
        {
            using (var stream = new FileStream(temporary, new FileStreamOptions { Mode = System.IO.FileMode.CreateNew, Access = FileAccess.ReadWrite, BufferSize = 1 << 16, UnixCreateMode = FileMode }))
            {
                fill(stream);
                stream.Flush(flushToDisk: durable);
            }

            File.Move(temporary, path, overwrite: true);
            if (durable)
            {
                Posix.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
            }
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Replaces a file by <paramref name="text"/>, in UTF-8.</summary>
    public static void Replace(string path, string text, bool durable = true) => Replace(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)), durable);

    /// <summary>Opens a file to be written at its end, creating it where it is missing; refuses a link and what is no file.</summary>
    public static FileStream OpenToAppend(string path) =>
        new(Open(path, Posix.WriteOnly | Posix.Create | Posix.AtEnd), FileAccess.Write, bufferSize: 1);

    /// <summary>Opens a file to be read; refuses a link and what is no file (a pipe would make the reader wait).</summary>
    public static FileStream OpenToRead(string path) => new(Open(path, Posix.ReadOnly), FileAccess.Read, bufferSize: 1);

    /// <summary>
    /// Takes the lock on a file, creating it where it is missing; null where another holder has it. The system gives the lock back when the handle is closed or its process dies.
    /// A file system without locks refuses nobody.
    /// </summary>
    public static SafeFileHandle? TryLock(string path)
    {
        SafeFileHandle file = Open(path, Posix.ReadWrite | Posix.Create);
        if (Posix.Lock(file, Posix.LockExclusive | Posix.LockNonBlocking) != Posix.WouldBlock)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Whether the file or folder itself, which is no link, belongs to this process's user, and nobody else may write to it.</summary>
    public static bool IsOwnAlone(string path) => FileStatus.Of(path) is { IsOwn: true, OthersMayWrite: false, IsLink: false };

    /// <summary>Opens a plain file, and no link, with <paramref name="flags"/> of <see cref="Posix"/>.</summary>
    internal static SafeFileHandle Open(string path, int flags)
    {
        // Without waiting: the other end of a pipe may never come.
        SafeFileHandle file = Posix.Open(path, flags | Posix.NoFollow | Posix.NonBlocking, out int error) ?? throw Posix.Error(path, error);
        if (FileStatus.Of(file, path).IsRegular)
        {
            return file;
        }

        file.Dispose();
        throw new IOException($"{path}: is no plain file");
    }
}
