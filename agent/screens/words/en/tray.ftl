### tray
