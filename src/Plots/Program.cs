using System.Text.Json;
using MoeActors.Plots;

if (args is not [string report, string picture])
{
    await Console.Error.WriteLineAsync("usage: MoeActors.Plots REPORT.json OUT.png");
    return 2;
}

try
{
    RunPicture.Save(RunData.Read(report), picture);
    return 0;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException or InvalidOperationException or DllNotFoundException or TypeInitializationException)
{
    // One line: the caller shows it as it is, beside a run that succeeded.
    await Console.Error.WriteLineAsync(e.GetBaseException().Message.ReplaceLineEndings(" "));
    return 1;
}
