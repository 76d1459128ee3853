using System.Security.Cryptography;

using MoeActors.Compute.Files;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Configuration;

/// <summary>
/// The secret of this user of this machine: nodes that are started by hand and reachable on loopback alone share it, so that processes of the same user come in and nobody else. Made at first use, in the
/// user's state folder (XDG_STATE_HOME, else ~/.local/state), readable by the user alone.
/// </summary>
internal static class UserSecret
{
    private const int Bytes = 32;

    /// <summary>Its file.</summary>
    public static string File => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state)
            ? state
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "state"),
        "moe-actors",
        "cluster.secret");

    /// <summary>The secret; throws <see cref="SpecException"/> with a remedy where the file cannot be made or others could have read it.</summary>
    public static string Read() => Read(File);

    /// <summary>Likewise, of a file of one's own choice; for tests.</summary>
    internal static string Read(string file)
    {
        try
        {
            if (!System.IO.File.Exists(file))
            {
                Make(file);
            }

            if (new FileInfo(file).LinkTarget is not null || (System.IO.File.GetUnixFileMode(file) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
            {
                throw new SpecException($"{file}: this user's cluster secret can be read by others or is a link; expected a file that its owner alone can read: remove it, and restart the nodes that were started with it");
            }

            if (!PrivateFiles.IsOwnAlone(Path.GetDirectoryName(file)!) || !PrivateFiles.IsOwnAlone(file))
            {
                throw new SpecException($"{file}: it or its folder belongs to another user or can be written by others; set XDG_STATE_HOME to a folder of yours, or cluster.secret-file");
            }

            return System.IO.File.ReadLines(file).FirstOrDefault()?.Trim() is { Length: >= ClusterSettings.LeastSecret } secret
                ? secret
                : throw new SpecException($"{file}: holds no secret; expected {ClusterSettings.LeastSecret} characters or more in its first line: remove it, and a new one is made");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SpecException($"{file}: this user's cluster secret cannot be made or read: {e.Message}; set cluster.secret-file, or XDG_STATE_HOME to a folder of yours");
        }
    }

    /// <summary>Written whole under another name first: of several processes that start at once, one makes it and the others find it.</summary>
    private static void Make(string file)
    {
        const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        PrivateFiles.CreateFolder(Path.GetDirectoryName(file)!);
        string fresh = $"{file}.{Guid.NewGuid():N}";
        try
        {
            using (var stream = new FileStream(fresh, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Own }))
            using (var writer = new StreamWriter(stream))
            {
                writer.WriteLine(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes)));
            }

            System.IO.File.Move(fresh, file, overwrite: false);
        }
        catch (IOException) when (System.IO.File.Exists(file))
        {
            // Another process was first.
        }
        finally
        {
            System.IO.File.Delete(fresh);
        }
    }
}
