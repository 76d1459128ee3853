using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

using MoeActors.Compute.Files;

namespace MoeActors.Compute.Tests.Files;

/// <summary>Whatever others have put under a name before, what is written is its owner's alone and lies where the path says.</summary>
public sealed class PrivateFilesTests : IDisposable
{
    private const UnixFileMode Anybody = (UnixFileMode)0x1B6; // rw-rw-rw-
    private readonly TemporaryFolder folder = new();

    private string At(string name) => Path.Combine(folder.Path, name);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_replaced_file_is_a_new_one_that_only_its_owner_reads()
    {
        File.WriteAllText(At("secret"), "before");
        File.SetUnixFileMode(At("secret"), Anybody);
        using var waiting = new StreamReader(At("secret"));
        PrivateFiles.Replace(At("secret"), "the secret");
        Assert.Equal(PrivateFiles.FileMode, File.GetUnixFileMode(At("secret")));
        Assert.Equal("the secret", File.ReadAllText(At("secret")));
        Assert.Equal("before", waiting.ReadToEnd()); // who had opened the old one sees nothing of the new
        Assert.Single(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_created_file_takes_the_place_of_a_former_one_in_the_same_way()
    {
        File.WriteAllText(At("log"), "before");
        File.SetUnixFileMode(At("log"), Anybody);
        using (FileStream stream = PrivateFiles.Create(At("log")))
        {
            stream.Write("new"u8);
        }

        Assert.Equal(PrivateFiles.FileMode, File.GetUnixFileMode(At("log")));
        Assert.Equal("new", File.ReadAllText(At("log")));
    }

    [Fact]
    public void A_link_is_replaced_and_what_it_points_at_stays()
    {
        File.WriteAllText(At("mine"), "mine");
        foreach (Action<string> write in (Action<string>[])[p => PrivateFiles.Replace(p, "x"), p => PrivateFiles.Create(p).Dispose()])
        {
            File.Delete(At("link"));
            File.CreateSymbolicLink(At("link"), At("mine"));
            write(At("link"));
            Assert.Null(new FileInfo(At("link")).LinkTarget);
        }

        Assert.Equal("mine", File.ReadAllText(At("mine")));
    }

    [Fact]
    public void Appending_locking_and_reading_refuse_a_link_and_a_pipe_that_nobody_writes_to()
    {
        File.WriteAllText(At("mine"), "mine");
        File.CreateSymbolicLink(At("link"), At("mine"));
        using (Process make = Process.Start("mkfifo", [At("pipe")]))
        {
            make.WaitForExit();
        }

        foreach (string path in new[] { At("link"), At("pipe"), folder.Path })
        {
            Assert.ThrowsAny<Exception>(() => PrivateFiles.OpenToAppend(path).Dispose());
            Assert.ThrowsAny<Exception>(() => PrivateFiles.OpenToRead(path).Dispose());
            Assert.ThrowsAny<Exception>(() => PrivateFiles.TryLock(path)?.Dispose());
        }

        Assert.Equal("mine", File.ReadAllText(At("mine")));
    }

    [Fact]
    public void A_folder_or_a_device_is_not_given_up_for_a_file()
    {
        // A pipe stands for all that is no file: a device can be made by root only.
        using (Process make = Process.Start("mkfifo", [At("pipe")]))
        {
            make.WaitForExit();
        }

        foreach (Action<string> write in (Action<string>[])[p => PrivateFiles.Replace(p, "x"), p => PrivateFiles.Create(p).Dispose()])
        {
            Assert.Throws<IOException>(() => write(At("pipe")));
            Assert.Throws<IOException>(() => write(folder.Path));
        }

        Assert.False(FileStatus.Of(At("pipe"))!.Value.IsReplaceable);
        Assert.Equal([At("pipe")], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void What_is_appended_stands_at_the_end_whoever_else_appends()
    {
        using FileStream one = PrivateFiles.OpenToAppend(At("log")), other = PrivateFiles.OpenToAppend(At("log"));
        foreach ((FileStream stream, string text) in new[] { (one, "a"), (other, "bb"), (one, "c") })
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
            stream.Flush();
        }

        Assert.Equal("abbc", File.ReadAllText(At("log")));
        Assert.Equal(PrivateFiles.FileMode, File.GetUnixFileMode(At("log")));
    }

    [Fact]
    public void Folders_are_their_owners_with_all_that_is_missing_above_them()
    {
        PrivateFiles.CreateFolder(At("runs/one"));
        Assert.Equal(PrivateFiles.FolderMode, File.GetUnixFileMode(At("runs/one")));
        Assert.Equal(PrivateFiles.FolderMode, File.GetUnixFileMode(At("runs")));
        Directory.CreateSymbolicLink(At("elsewhere"), At("runs"));
        PrivateFiles.CreateFolder(At("elsewhere"));
        Assert.Equal(At("runs"), new DirectoryInfo(At("elsewhere")).LinkTarget);
    }

    [Fact]
    public void A_lock_is_had_once_and_ends_with_its_handle()
    {
        using (SafeFileHandle held = Assert.IsType<SafeFileHandle>(PrivateFiles.TryLock(At("lock"))))
        {
            Assert.Null(PrivateFiles.TryLock(At("lock")));
        }

        using SafeFileHandle? again = PrivateFiles.TryLock(At("lock"));
        Assert.NotNull(again);
    }

    [Fact]
    public void A_write_that_fails_leaves_the_old_file_and_nothing_else()
    {
        PrivateFiles.Replace(At("file"), "old");
        Assert.Throws<InvalidOperationException>(() => PrivateFiles.Replace(At("file"), stream =>
        {
            stream.Write("ne"u8);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(At("file")));
        Assert.Single(Directory.GetFiles(folder.Path));
    }
}
