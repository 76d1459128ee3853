using System.Text.Json;
using MoeActors.Plots;

if (args is not [string json, string picture])
{
    await Console.Error.WriteLineAsync("usage: MoeActors.Plots JSON OUT.png, where JSON is a run's report.json or what `moe bench gates --json` printed");
    return 2;
}

try
{
    using JsonDocument document = JsonDocument.Parse(await File.ReadAllBytesAsync(json));
    if (GatesData.Is(document.RootElement))
    {
        GatesPicture.Save(GatesData.Read(json, document.RootElement), picture);
    }
    else
    {
        RunPicture.Save(RunData.Read(json, document.RootElement), picture);
    }

    return 0;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or InvalidDataException or InvalidOperationException or KeyNotFoundException or DllNotFoundException or TypeInitializationException)
{
    // One line: the caller shows it as it is, beside a run that succeeded.
    await Console.Error.WriteLineAsync(e.GetBaseException().Message.ReplaceLineEndings(" "));
    return 1;
}
